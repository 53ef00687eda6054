"""The exception tree of kedro-aloft.

    AloftError                    root; carries a stable code, what, where, what is allowed, what to do
    ├── UsageError                the command line asks for something impossible (exit code 2)
    ├── ProjectError              the Kedro project cannot be read
    ├── SettingsError             conf/<env>/airflow.yml is invalid
    ├── PlanError                 no correct plan exists for this pipeline and these settings
    ├── RenderError               the DAG file cannot be written
    ├── EmbeddedError             the embedded Airflow does not start, stop or answer
    ├── RemoteError               an Airflow REST API refuses or does not answer (exit code 3)
    ├── ImageError                no image or package can be made of the project, or it does not work
    ├── DeployError               a release cannot be made, published or taken back
    └── RunError                  a task cannot do its work
        ├── NotThereError         the release of a run has not arrived; trying again may help
        ├── RequestError          the task request is invalid or of another version
        ├── HandoffError          a dataset cannot be handed over or taken over
        └── NodeError             a node of the pipeline failed

Every error says what happened, where, what was seen or is allowed, and what to do. `deterministic` decides
the retry in Airflow: repeating a deterministic error cannot help, so the task fails at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class AloftError(Exception):
    """Root of all errors that kedro-aloft raises on purpose.

    Args:
        what: One sentence: what happened.
        where: The place: file and config path, node, dataset or command. Empty when `what` says it.
        seen: What was found or what is allowed instead.
        remedy: What to do next, as a command or an edit to paste.
        code: Stable code for documentation and filters; defaults to the class's code.
    """

    code = "ALOFT-000"
    exit_code = 1
    deterministic = True

    def __init__(self, what: str, *, where: str = "", seen: str = "", remedy: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.seen = seen
        self.remedy = remedy
        if code:
            self.code = code

    def __str__(self) -> str:
        """The whole message, one line per part, without the parts that are empty."""
        lines = [f"[{self.code}] {self.what}"]
        lines += [f"  {label}: {text}" for label, text in self._parts() if text]
        return "\n".join(lines)

    def _parts(self) -> tuple[tuple[str, str], ...]:
        return (("where", self.where), ("seen", self.seen), ("to do", self.remedy))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling: keyword-only arguments do not fit the default protocol."""
        state = {"where": self.where, "seen": self.seen, "remedy": self.remedy, "code": self.code}
        return (_rebuild, (type(self), self.what, state))


def _rebuild(cls: type[AloftError], what: str, state: dict[str, str]) -> AloftError:
    return cls(what, **state)


class UsageError(AloftError):
    """The command line asks for something impossible."""

    code = "ALOFT-001"
    exit_code = 2


class ProjectError(AloftError):
    """The Kedro project cannot be read."""

    code = "ALOFT-100"


class SettingsError(AloftError):
    """`conf/<env>/airflow.yml` is invalid."""

    code = "ALOFT-200"


class PlanError(AloftError):
    """No correct plan exists for this pipeline and these settings."""

    code = "ALOFT-300"


class RenderError(AloftError):
    """The DAG file cannot be written or does not load."""

    code = "ALOFT-400"


class EmbeddedError(AloftError):
    """The embedded Airflow does not start, stop or answer."""

    code = "ALOFT-500"


class RemoteError(AloftError):
    """An Airflow REST API refuses or does not answer."""

    code = "ALOFT-600"
    exit_code = 3
    deterministic = False


class ImageError(AloftError):
    """An image cannot be made of the project, or does not work."""

    code = "ALOFT-800"


class DeployError(AloftError):
    """A release cannot be made, published or taken back."""

    code = "ALOFT-900"


class RunError(AloftError):
    """A task cannot do its work."""

    code = "ALOFT-700"


class NotThereError(RunError):
    """A release has not arrived, or its place does not answer: trying again may help."""

    code = "ALOFT-703"
    deterministic = False


class RequestError(RunError):
    """The task request is invalid or of a version that this runtime does not speak."""

    code = "ALOFT-710"


class HandoffError(RunError):
    """A dataset cannot be handed over to, or taken over from, another task."""

    code = "ALOFT-720"


class NodeError(RunError):
    """A node of the pipeline failed; the cause is chained."""

    code = "ALOFT-730"
    deterministic = False


def close_match(word: str, allowed: Iterable[str]) -> str:
    """Return `Did you mean 'x'?` for the closest allowed word, or an empty string when none is close."""
    import difflib

    matches = difflib.get_close_matches(word, sorted(allowed), n=1, cutoff=0.6)
    return f"Did you mean '{matches[0]}'?" if matches else ""
