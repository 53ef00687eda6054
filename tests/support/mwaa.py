"""A double of Amazon MWAA's control plane: one environment, whose Airflow is a real one.

What it does as the service does: the status machine of an update, with the error of the last one; errors by name; an
environment is known in its region alone; an update names versions of objects that the bucket has; `InvokeRestApi` takes
paths of at most 64 characters; a login token gives a session of Airflow. What it does not do: check signatures, install
anything, run startup scripts. Its web server speaks HTTP and names itself with the scheme, which the service does not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

from support.buckets import SIGNED
from support.double import Asked, Double, RealAirflow, Said

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION = "eu-west-1"
LONGEST_PATH = 64
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")
_OPERATIONS = {
    ("GET", "environments"): "GetEnvironment",
    ("PATCH", "environments"): "UpdateEnvironment",
    ("POST", "webtoken"): "CreateWebLoginToken",
    ("POST", "restapi"): "InvokeRestApi",
}


@dataclass(slots=True)
class Environment:
    """What the service knows of an environment; `looks` is how often an update is seen under way."""

    name: str
    bucket: str
    airflow_version: str = "3.0.6"
    status: str = "AVAILABLE"
    looks: int = 2
    fails_with: str = ""
    files: dict[str, str] = field(default_factory=dict)
    last_update: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its name for all of AWS."""
        return f"arn:aws:airflow:{REGION}:123456789012:environment/{self.name}"

    def described(self) -> dict[str, Any]:
        """Return what GetEnvironment tells."""
        return {
            "Name": self.name,
            "Arn": self.arn,
            "Status": self.status,
            "AirflowVersion": self.airflow_version,
            "SourceBucketArn": f"arn:aws:s3:::{self.bucket}",
            "DagS3Path": "dags",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/service-role/shop-airflow",
            "LastUpdate": self.last_update,
            **self.files,
        }


class MwaaDouble(Double):
    """The service in one region, with one environment.

    Args:
        environment: Which one.
        airflow: Its Airflow.
        s3: Address of the S3 that has its bucket.
    """

    def __init__(self, environment: Environment, airflow: RealAirflow, *, s3: str) -> None:
        super().__init__()
        self.environment = environment
        self.airflow = airflow
        self.s3 = s3
        self.denied: set[str] = set()
        self.calls: list[str] = []
        self.updates: list[dict[str, str]] = []
        self._pending: dict[str, str] = {}
        self.looks_left = 0

    def answer(self, asked: Asked) -> Said:
        """Return what the control plane or the web server of the environment says."""
        with self.lock:
            if asked.path.startswith(("/api/v2/", "/pluginsv2/")):
                return self._web_server(asked)
            return self._control_plane(asked)

    def _control_plane(self, asked: Asked) -> Said:
        kind, _, name = asked.path.lstrip("/").partition("/")
        operation = _OPERATIONS[asked.method, kind]
        self.calls.append(operation)
        if operation in self.denied:
            return _denied(operation, self.environment.arn)
        if name != self.environment.name or _region(asked.headers) != REGION:
            return _error(404, "ResourceNotFoundException", f"Environment {name} not found")
        answers = {"GetEnvironment": self._get, "UpdateEnvironment": self._update, "InvokeRestApi": self._invoke}
        return answers.get(operation, self._web_token)(asked)

    def _get(self, _asked: Asked) -> Said:
        if self.environment.status == "UPDATING":
            self.looks_left -= 1
            if self.looks_left < 0:
                self._settle()
        return Said(body={"Environment": self.environment.described()})

    def _settle(self) -> None:
        """An update that failed is rolled back: the environment is as it was, and says why."""
        if self.environment.fails_with:
            error = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": self.environment.fails_with}
            self.environment.status = "UPDATE_FAILED"
            self.environment.last_update = {"Status": "FAILED", "Error": error}
            return
        self.environment.status = "AVAILABLE"
        self.environment.last_update = {"Status": "SUCCESS"}
        self.environment.files.update(self._pending)

    def _update(self, asked: Asked) -> Said:
        if self.environment.status not in ("AVAILABLE", "UPDATE_FAILED"):
            return _error(400, "ValidationException", f"Environment is {self.environment.status}")
        wanted = asked.json()
        missing = [key for key, version in _versions(wanted) if not self._has(key, version)]
        if missing:
            return _error(400, "ValidationException", f"No such version of {missing[0]} in the bucket")
        self.updates.append(wanted)
        self._pending, self.looks_left = wanted, self.environment.looks
        self.environment.status = "UPDATING"
        return Said(body={"Arn": self.environment.arn})

    def _has(self, key: str, version: str) -> bool:
        address = f"{self.s3}/{self.environment.bucket}/{key}?{urlencode({'versionId': version})}"
        try:
            with urlopen(Request(address, method="HEAD", headers=SIGNED), timeout=60):
                return True
        except HTTPError as error:
            error.close()
            return False

    def _invoke(self, asked: Asked) -> Said:
        wanted = asked.json()
        if len(wanted["Path"]) > LONGEST_PATH:
            return _error(400, "ValidationException", f"Path must have length less than or equal to {LONGEST_PATH}")
        body = json.dumps(wanted["Body"]).encode() if "Body" in wanted else b""
        query = wanted.get("QueryParameters", {})
        said = self.airflow.call(wanted["Method"], f"/api/v2{wanted['Path']}", query=query, body=body)
        answer = {"RestApiStatusCode": said.status, "RestApiResponse": json.loads(said.body or b"null")}
        if said.status < HTTPStatus.BAD_REQUEST:
            return Said(body=answer)
        who = "Client" if said.status < HTTPStatus.INTERNAL_SERVER_ERROR else "Server"
        return Said(status=400, body=answer, headers={"x-amzn-ErrorType": f"RestApi{who}Exception"})

    def _web_token(self, _asked: Asked) -> Said:
        return Said(body={"WebToken": "web-token-for-60-seconds", "WebServerHostname": self.url})

    def _web_server(self, asked: Asked) -> Said:
        self.calls.append("WebServer")
        if asked.path == "/pluginsv2/aws_mwaa/login":
            known = parse_qs(asked.body.decode()).get("token") == ["web-token-for-60-seconds"]
            cookie = {"Set-Cookie": "_token=session-of-airflow; Path=/; HttpOnly"} if known else {}
            return Said(status=200 if known else 403, headers=cookie)
        if asked.headers.get("authorization") != "Bearer session-of-airflow":
            return Said(status=401, body={"detail": "Not authenticated"})
        return self.airflow.call(asked.method, asked.path, query=asked.query, body=asked.body)


def _versions(update: Mapping[str, str]) -> list[tuple[str, str]]:
    stems = ("Requirements", "Plugins", "StartupScript")
    return [
        (update[f"{stem}S3Path"], update.get(f"{stem}S3ObjectVersion", ""))
        for stem in stems
        if f"{stem}S3Path" in update
    ]


def _region(headers: Mapping[str, str]) -> str:
    scope = _SCOPE.search(headers.get("authorization", ""))
    return scope.group(1) if scope else ""


def _denied(operation: str, arn: str) -> Said:
    who = "arn:aws:sts::123456789012:assumed-role/deployer/ci"
    text = f"User: {who} is not authorized to perform: airflow:{operation} on resource: {arn}"
    return _error(403, "AccessDeniedException", text)


def _error(status: int, name: str, message: str) -> Said:
    return Said(status=status, body={"message": message}, headers={"x-amzn-ErrorType": name})
