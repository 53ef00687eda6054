"""Amazon Web Services with the credentials that AWS's own tools use: clients of botocore, and its errors as ours.

botocore alone, which s3fs brings: boto3 would want another version of it than s3fs does.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ABSENT = ("NoSuchKey", "NoSuchVersion", "404")
_NO_CREDENTIALS = "log in as for the aws command: `aws sso login`, AWS_PROFILE, or the role of the machine"
_REMEDIES = {
    "AccessDeniedException": "let an administrator add the action to your role; docs/how-to/deploy-to-mwaa.md has all",
    "AccessDenied": "let an administrator add the action to your role; docs/how-to/deploy-to-mwaa.md has all",
    "ResourceNotFoundException": "check the name and the region: `aws mwaa list-environments --region REGION`",
    "NoSuchBucket": "check the name of the bucket: `aws s3 ls`",
    "ExpiredTokenException": _NO_CREDENTIALS,
    "ExpiredToken": _NO_CREDENTIALS,
    "NoCredentialsError": _NO_CREDENTIALS,
    "NoRegionError": "set the region in airflow.yml or AWS_REGION",
}


def connect_aws(service: str, *, region: str | None = None) -> Any:
    """Return botocore's client of a service, with the credentials of the environment, a profile or the machine.

    Raises:
        RemoteError: botocore is not installed, or no region is known.
    """
    try:
        from botocore.session import get_session
    except ImportError as err:
        raise RemoteError(
            "The library for Amazon Web Services is not installed",
            seen=str(err),
            remedy="pip install 'kedro-aloft[mwaa]'",
        ) from err
    with aws_errors(service):
        return get_session().create_client(service, region_name=region)


@contextmanager
def aws_errors(where: str) -> Iterator[None]:
    """Turn what botocore raises into our error, with what to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as err:
        code = err.response.get("Error", {}).get("Code", "")
        raise refused_by_aws(code, where, str(err)) from err
    except BotoCoreError as err:
        raise refused_by_aws(type(err).__name__, where, str(err)) from err


def refused_by_aws(code: str, where: str, seen: str) -> RemoteError:
    """Return the error for one of AWS's codes, or of botocore's own exceptions."""
    remedy = _REMEDIES.get(code, "see the message; `aws sts get-caller-identity` tells who you are")
    return RemoteError(f"AWS refuses a call ({code})", where=where, seen=seen[:2000], remedy=remedy)


def read_object(s3: Any, bucket: str, key: str, *, version: str | None = None) -> tuple[bytes | None, str]:
    """Return content and version of an object of S3; None and an empty text when there is none."""
    from botocore.exceptions import ClientError

    which = {"VersionId": version} if version else {}
    with aws_errors(f"s3://{bucket}/{key}"):
        try:
            answer = s3.get_object(Bucket=bucket, Key=key, **which)
        except ClientError as err:
            if err.response["Error"]["Code"] in _ABSENT:
                return None, ""
            raise
    return answer["Body"].read(), str(answer.get("VersionId", ""))
