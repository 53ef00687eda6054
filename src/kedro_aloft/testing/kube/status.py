"""Refusals in the shape that the real API gives them: HTTP status and a `Status` object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What is wrong with one field."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class RefusalError(Exception):
    """The API refuses a request.

    Args:
        code: HTTP status.
        reason: One word for programs.
        message: One sentence for people.
        details: Of which object and why.
    """

    def __init__(self, code: int, reason: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def body(self) -> dict[str, Any]:
        """Return the `Status` object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }


def not_found(plural: str, name: str) -> RefusalError:
    """Return the refusal for an object that is not there."""
    return RefusalError(404, "NotFound", f'{plural} "{name}" not found', details={"name": name, "kind": plural})


def already_exists(plural: str, name: str) -> RefusalError:
    """Return the refusal for a second object of one name."""
    details = {"name": name, "kind": plural}
    return RefusalError(409, "AlreadyExists", f'{plural} "{name}" already exists', details=details)


def conflict(plural: str, name: str, why: str) -> RefusalError:
    """Return the refusal for an object that is not what the request takes it for."""
    message = f'Operation cannot be fulfilled on {plural} "{name}": {why}'
    return RefusalError(409, "Conflict", message, details={"name": name, "kind": plural})


def forbidden(plural: str, name: str, why: str) -> RefusalError:
    """Return the refusal of an admission check or of missing rights."""
    subject = f'{plural} "{name}"' if name else plural
    details = {"name": name, "kind": plural} if name else {"kind": plural}
    return RefusalError(403, "Forbidden", f"{subject} is forbidden: {why}", details=details)


def bad_request(message: str) -> RefusalError:
    """Return the refusal for what cannot be read."""
    return RefusalError(400, "BadRequest", message)


def invalid(kind: str, name: str, causes: Sequence[Cause]) -> RefusalError:
    """Return the refusal for an object with wrong values."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    listed = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    details = {"name": name, "kind": kind, "causes": listed}
    return RefusalError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details=details)
