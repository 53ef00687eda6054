"""A double of Google Cloud Composer's API: one environment, whose Airflow is a real one, and Google's token server.

What it does as the service does: environments by their full name; `updateMask` says what a patch changes, one kind of
change at a time; a patch is a long-running operation with an answer or an error; calls need a bearer token. What it
does not do: install anything, check signatures, know who may do what.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.double import Asked, Double, RealAirflow, Said

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ya29.token-of-a-service-account"
_PACKAGES = "config.softwareConfig.pypiPackages"
_VARIABLES = "config.softwareConfig.envVariables"


@dataclass(slots=True)
class Environment:
    """What the service knows of an environment; `looks` is how often an operation is seen under way."""

    project: str
    location: str
    name: str
    bucket: str
    state: str = "RUNNING"
    image: str = "composer-3-airflow-3.1.0-build.2"
    looks: int = 1
    fails_with: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Its name for all of Google Cloud."""
        return f"projects/{self.project}/locations/{self.location}/environments/{self.name}"


class ComposerDouble(Double):
    """The service with one environment.

    Args:
        environment: Which one.
        airflow: Its Airflow.
    """

    def __init__(self, environment: Environment, airflow: RealAirflow) -> None:
        super().__init__()
        self.environment = environment
        self.airflow = airflow
        self.denied: set[str] = set()
        self.calls: list[str] = []
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self._looks = 0

    def write_key(self, file: Path) -> Path:
        """Write a key of a service account that this double knows: what `GOOGLE_APPLICATION_CREDENTIALS` names."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        key = {
            "type": "service_account",
            "project_id": self.environment.project,
            "private_key_id": "1",
            "private_key": private.decode(),
            "client_email": f"deployer@{self.environment.project}.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        file.write_text(json.dumps(key), encoding="utf-8")
        return file

    def answer(self, asked: Asked) -> Said:
        """Return what the token server, the control plane or the Airflow of the environment says."""
        with self.lock:
            if asked.path == "/token":
                return Said(body={"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
            if asked.headers.get("authorization") != f"Bearer {TOKEN}":
                return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
            if asked.path.startswith("/api/v2/"):
                self.calls.append("Airflow")
                return self.airflow.call(asked.method, asked.path, query=asked.query, body=asked.body)
            return self._control_plane(asked)

    def _control_plane(self, asked: Asked) -> Said:
        name = asked.path.removeprefix("/v1/")
        operation = "operations.get" if "/operations/" in name else f"environments.{asked.method.lower()}"
        self.calls.append(operation)
        if operation in self.denied:
            return _error(403, "PERMISSION_DENIED", f"Permission 'composer.{operation}' denied on resource '{name}'")
        if operation == "operations.get":
            return self._operation(name)
        if name != self.environment.full_name:
            return _error(404, "NOT_FOUND", f"Resource '{name}' was not found")
        return self._get() if asked.method == "GET" else self._patch(asked)

    def _get(self) -> Said:
        one = self.environment
        software = {"imageVersion": one.image, "pypiPackages": one.packages, "envVariables": one.variables}
        config = {
            "dagGcsPrefix": f"gs://{one.bucket}/dags",
            "airflowUri": self.url,
            "softwareConfig": {key: value for key, value in software.items() if value},
        }
        return Said(body={"name": one.full_name, "state": one.state, "config": config})

    def _patch(self, asked: Asked) -> Said:
        mask = asked.query.get("updateMask", "")
        kinds = {path if path == _VARIABLES else _PACKAGES for path in mask.split(",")}
        if len(kinds) != 1 or not mask.startswith((_PACKAGES, _VARIABLES)):
            return _error(400, "INVALID_ARGUMENT", f"updateMask '{mask}' is not one kind of change")
        self.patches.append((mask, asked.json()))
        self._looks, self.environment.state = self.environment.looks, "UPDATING"
        return Said(body={"name": self._operation_name(), "done": False})

    def _operation(self, name: str) -> Said:
        self._looks -= 1
        if self._looks >= 0:
            return Said(body={"name": name, "done": False})
        self.environment.state = "RUNNING"
        if self.environment.fails_with:
            return Said(body={"name": name, "done": True, "error": {"code": 3, "message": self.environment.fails_with}})
        self._apply()
        return Said(body={"name": name, "done": True, "response": {}})

    def _apply(self) -> None:
        mask, patch = self.patches[-1]
        software = patch["config"]["softwareConfig"]
        if mask == _VARIABLES:
            self.environment.variables = software.get("envVariables", {})
            return
        for path in mask.split(","):
            package = path.removeprefix(f"{_PACKAGES}.")
            self.environment.packages.pop(package, None)
            if package in software["pypiPackages"]:
                self.environment.packages[package] = software["pypiPackages"][package]

    def _operation_name(self) -> str:
        where = f"projects/{self.environment.project}/locations/{self.environment.location}"
        return f"{where}/operations/{len(self.patches)}"


def _error(status: int, name: str, message: str) -> Said:
    return Said(status=status, body={"error": {"code": status, "status": name, "message": message}})
