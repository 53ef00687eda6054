"""Airflow on Amazon MWAA: its REST API through Amazon's own, which signs and forwards each call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "/api/v2"
_FORBIDDEN = 403


class MwaaTransport:
    """Sends calls by boto3's `invoke_rest_api`; whoever may call that may use Airflow, with the role it is given.

    Args:
        environment: Name of the MWAA environment.
        region: Its region; None for the one that boto3 finds.
        client: A boto3 client of `mwaa`; made at the first call by default.
    """

    def __init__(self, environment: str, *, region: str | None = None, client: Any = None) -> None:
        self.environment = environment
        self._region = region
        self._client = client

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str],  # noqa: ARG002  Amazon's signature takes their place
    ) -> tuple[int, Any]:
        """Return the HTTP status and the decoded body; raise ConnectionError when no answer comes."""
        if not path.startswith(f"{_PREFIX}/"):
            raise RemoteError("Amazon forwards calls of Airflow's REST API alone", where=f"{method} {path}")
        optional = {"QueryParameters": {key: _text(value) for key, value in query.items()}, "Body": body}
        given = {name: value for name, value in optional.items() if value}
        return self._invoke({"Name": self.environment, "Method": method, "Path": path[len(_PREFIX) :], **given})

    def _invoke(self, call: dict[str, Any]) -> tuple[int, Any]:
        try:
            answer = self._connect().invoke_rest_api(**call)
        except RemoteError:
            raise
        except Exception as err:  # boto3 makes its exceptions when it runs; what counts is what they carry
            answer = getattr(err, "response", None)
            if not isinstance(answer, dict):
                raise ConnectionError(str(err)) from err
            # Airflow's own refusals carry its status and its answer; the others are Amazon's.
            if "RestApiStatusCode" not in answer:
                return self._refused_by_amazon(answer["Error"])
        return int(answer["RestApiStatusCode"]), _decoded(answer.get("RestApiResponse"))

    def _refused_by_amazon(self, error: Mapping[str, str]) -> tuple[int, Any]:
        if error.get("Code") == "AccessDeniedException":
            return _FORBIDDEN, {"detail": f"{error.get('Message')} (airflow:InvokeRestApi)"}
        raise RemoteError(
            f"Amazon refuses the call: {error.get('Code')}",
            where=f"MWAA environment '{self.environment}'",
            seen=error.get("Message", ""),
            remedy="check the name of the environment and its region, and that it is available",
        )

    def _connect(self) -> Any:
        if self._client is None:
            try:
                import boto3
            except ImportError as err:
                raise RemoteError(
                    "boto3, which Amazon MWAA needs, is not installed", seen=str(err), remedy="pip install boto3"
                ) from err
            self._client = boto3.client("mwaa", region_name=self._region)
        return self._client


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _decoded(answer: Any) -> Any:
    """Amazon gives the answer decoded, or as text where it is no object."""
    if not isinstance(answer, str):
        return answer
    try:
        return json.loads(answer)
    except ValueError:
        return answer
