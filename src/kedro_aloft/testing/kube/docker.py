"""The Docker engine's own HTTP interface over its socket: the few calls that running a container takes."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_API = "/v1.41"
_HEADER_BYTES = 8


class DockerError(Exception):
    """The engine refuses or does not answer.

    Args:
        code: HTTP status, 0 when there was no answer.
        message: What the engine said.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Docker:
    """One engine.

    Args:
        url: `unix://` and the path of its socket, as DOCKER_HOST has it.
    """

    def __init__(self, url: str) -> None:
        scheme, _, self._path = url.partition("://")
        if scheme != "unix":
            raise ValueError(f"The double runs pods on an engine of this machine, unix:///path: not {url!r}.")

    def has_image(self, image: str) -> bool:
        """Whether an image is there."""
        return self._found(f"/images/{quote(image)}/json") is not None

    def create(self, name: str, options: Mapping[str, Any]) -> str:
        """Make a container; return its id."""
        return str(self._call("POST", "/containers/create", body=options, name=name)["Id"])

    def start(self, container: str) -> None:
        """Start a container."""
        self._call("POST", f"/containers/{container}/start")

    def wait(self, container: str) -> None:
        """Wait until a container has ended."""
        self._call("POST", f"/containers/{container}/wait")

    def state(self, container: str) -> dict[str, Any]:
        """Return what the engine says about a container's state."""
        return dict((self._found(f"/containers/{container}/json") or {}).get("State") or {})

    def stop(self, container: str, grace_s: int) -> None:
        """Send SIGTERM, wait, send SIGKILL."""
        self._call("POST", f"/containers/{container}/stop", t=grace_s)

    def remove(self, container: str) -> None:
        """Remove a container, whatever it does; nothing happens when it is gone."""
        try:
            self._call("DELETE", f"/containers/{container}", force=1, v=1)
        except DockerError as error:
            if error.code not in {404, 409}:  # 409: somebody else removes it now
                raise

    def list(self, label: str) -> list[str]:
        """Return the ids of all containers with a label."""
        found = self._call("GET", "/containers/json", all=1, filters=json.dumps({"label": [label]}))
        return [item["Id"] for item in found]

    def logs(self, container: str, *, follow: bool = False, **options: Any) -> Iterator[bytes]:
        """Yield what a container prints, as it comes.

        Args:
            follow: Until it ends.
            options: `timestamps`, `tail` and `since`, as the engine takes them.
        """
        query = urlencode({"stdout": 1, "stderr": 1, "follow": int(follow), **options})
        connection, answer = self._send("GET", f"/containers/{container}/logs?{query}", None)
        try:
            # Each piece has a header: which stream, three zeros, four bytes of length.
            while len(header := _read(answer, _HEADER_BYTES)) == _HEADER_BYTES:
                yield _read(answer, int.from_bytes(header[4:], "big"))
        except http.client.HTTPException:
            return  # the container was removed meanwhile
        finally:
            connection.close()

    def _found(self, path: str) -> Any:
        try:
            return self._call("GET", path)
        except DockerError as error:
            if error.code == 404:
                return None
            raise

    def _call(self, method: str, path: str, *, body: Any = None, **query: Any) -> Any:
        address = f"{path}?{urlencode(query)}" if query else path
        connection, answer = self._send(method, address, body)
        try:
            content = answer.read()
        except http.client.HTTPException as error:
            raise DockerError(0, f"The Docker engine broke off its answer to {method} {path}: {error!r}") from error
        finally:
            connection.close()
        return json.loads(content) if content.strip() else None

    def _send(self, method: str, address: str, body: Any) -> tuple[_Connection, http.client.HTTPResponse]:
        connection = _Connection(self._path)
        headers = {"Content-Type": "application/json"}
        try:
            connection.request(method, _API + address, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
        except OSError as error:
            connection.close()
            raise DockerError(0, f"The Docker engine at {self._path} does not answer: {error}") from error
        if answer.status >= 400:
            content = answer.read()
            connection.close()
            raise DockerError(answer.status, json.loads(content).get("message", "") if content else "")
        return connection, answer


def _read(answer: http.client.HTTPResponse, size: int) -> bytes:
    """Read exactly so many bytes; fewer only at the end."""
    parts = []
    while size and (part := answer.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
