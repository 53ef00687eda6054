"""Google Cloud: calls of its APIs with application default credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_S = 90.0

_REMEDIES = {
    401: "log in: `gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS",
    403: "let an administrator give you the role; docs/how-to/deploy-to-composer.md has all",
    404: "check project, location and name: `gcloud composer environments list --locations LOCATION`",
}


class GoogleSession:
    """Calls of Google's APIs.

    Credentials are looked for at the first call, as all of Google's tools do.
    """

    def __init__(self) -> None:
        self._session: Any = None

    def call(self, method: str, url: str, *, query: Mapping[str, str] | None = None, body: Any = None) -> Any:
        """Return the decoded answer.

        Raises:
            RemoteError: Google refuses, or cannot be reached.
        """
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        session = self._connect()
        try:
            response = session.request(method, url, params=query, json=body, timeout=TIMEOUT_S)
        except GoogleAuthError as err:
            raise _no_credentials(err) from err
        except RequestException as err:
            raise RemoteError("Google Cloud does not answer", where=url, seen=str(err)[:500]) from err
        if response.ok:
            return response.json()
        raise _refused(f"{method} {url}", response.status_code, response.text)

    def _connect(self) -> Any:
        if self._session is None:
            self._session = _new_session()
        return self._session


def _new_session() -> Any:
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession
    except ImportError as err:
        raise RemoteError(
            "The library for Google Cloud is not installed",
            seen=str(err),
            remedy="pip install 'kedro-aloft[composer]'",
        ) from err
    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as err:
        raise _no_credentials(err) from err
    return AuthorizedSession(credentials)


def _no_credentials(err: Exception) -> RemoteError:
    return RemoteError("Google Cloud does not know who you are", seen=str(err)[:500], remedy=_REMEDIES[401])


def _refused(call: str, status: int, text: str) -> RemoteError:
    return RemoteError(
        f"Google Cloud refuses a call with HTTP status {status}",
        where=call,
        seen=text[:2000],
        remedy=_REMEDIES.get(status, "see the message; `gcloud auth list` tells who you are"),
    )
