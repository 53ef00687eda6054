"""What the workers of a managed Airflow install for a project."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kedro_aloft import __version__
from kedro_aloft.deploy.origin import versions
from kedro_aloft.errors import DeployError, UsageError
from kedro_aloft.images.content import LOGIN
from kedro_aloft.requirement_files import MissingFileError, read_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kedro_aloft.deploy.target import Delivery

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<extras>\[[^\]]*\])?\s*(?P<rest>[^;]*?)\s*(?P<marker>;.*)?$")
_END = re.compile(r"\s+(?:#|--hash)")
"""What comes after a requirement. A `#` without a space before it belongs to an address, as pip has it."""
_AIRFLOW = frozenset({"apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk", "apache-airflow-client"})
"""What the service itself installs, in its own version."""
_IMPORT = re.compile(r"^\s*(?:from|import) kedro_aloft\b", re.MULTILINE)
OLDEST_AIRFLOW = (3, 0, 6)
_PLACES = ("--index-url", "--extra-index-url", "--find-links", "-i", "-f")
_OPTIONS = ("-e", "--editable", "-c", "--constraint", "--hash", "--require-hashes", "--no-binary", "--only-binary", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One requirement: name as PyPI compares it, extras in brackets, versions."""

    name: str
    extras: str = ""
    versions: str = ""

    def __str__(self) -> str:
        gap = " " if self.versions.startswith("@") else ""
        return f"{self.name}{self.extras}{gap}{self.versions}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """What workers install: packages sorted by name, and the places beside PyPI where they are."""

    packages: tuple[Package, ...]
    places: tuple[str, ...] = ()


def needs_packages(delivery: Delivery) -> bool:
    """Whether workers need more than Airflow: a DAG whose tasks all are containers imports nothing of ours."""
    return any(_IMPORT.search(text) for text in delivery.dag_files.values())


def refuse_old(version: str, *, where: str) -> None:
    """Refuse an Airflow for which our DAG files are not made."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if numbers < OLDEST_AIRFLOW:
        oldest = ".".join(map(str, OLDEST_AIRFLOW))
        raise DeployError(
            f"The environment has Airflow {version}",
            where=where,
            seen=f"kedro-aloft needs Airflow {oldest} or later",
            remedy="upgrade the environment, or make one with a later Airflow",
        )


def refuse_foreign(owner: str | None, delivery: Delivery, *, where: str) -> None:
    """Refuse to replace a file that somebody else wrote.

    Args:
        owner: The package for which it was written; None when no deploy wrote it.
        delivery: What is deployed; its option `force` allows it.
        where: The file.
    """
    if owner == delivery.package or delivery.options.get("force"):
        return
    raise DeployError(
        "The environment's packages are in the hands of somebody else",
        where=where,
        seen=f"written for the project `{owner}`" if owner else "not written by `kedro airflow deploy`",
        remedy="`install: false` in the target leaves them to you; --force replaces the file",
    )


def read_lines(delivery: Delivery, name: str | None) -> tuple[tuple[str, ...], str]:
    """Return the lines of the project's requirements, or those of a file that a target names, and where they are."""
    if name is None:
        return tuple(delivery.requirements.splitlines()), "requirements of the project"
    try:
        return tuple(read_requirements(delivery.project / name)), name
    except MissingFileError as error:
        raise UsageError(
            error.what, where=error.where, seen=f"no file {error.path}", remedy="see `requirements` of the target"
        ) from None


def worker_packages(
    delivery: Delivery, name: str | None, *, also: Sequence[str], wheels: Sequence[str] = ()
) -> Packages:
    """Return what workers install for a project.

    Args:
        delivery: What is deployed.
        name: File that takes the place of the project's requirements; None for those.
        also: More packages that workers need.
        wheels: Files that are installed besides; a package that is among them comes from there.
    """
    lines, where = read_lines(delivery, name)
    kedro = versions().get("kedro", "")
    needs = [
        Package(name="kedro-aloft", versions=f"=={__version__}"),
        Package(name="kedro", versions=f"=={kedro}" if kedro else ""),
        *(Package(name=one) for one in also),
    ]
    planned = plan_packages(lines, needs=needs, where=where)
    built = {re.sub(r"[-_.]+", "-", wheel.partition("-")[0]).lower() for wheel in wheels}
    return replace(planned, packages=tuple(one for one in planned.packages if one.name not in built))


def plan_packages(lines: Iterable[str], *, needs: Sequence[Package], where: str) -> Packages:
    """Return what workers install for a project.

    Args:
        lines: Lines of the project's requirements.
        needs: What workers need beside it; the project's own line for such a package wins.
        where: Where the lines are from.

    Raises:
        UsageError: A line holds a password, or means different packages on different machines.
    """
    found = {one.name: one for one in needs}
    places = []
    for line in (line.strip().rstrip("\\").strip() for line in lines):
        if not line or line.startswith(("#", *_OPTIONS)):
            continue
        if LOGIN.search(line):
            raise _refused("A requirement has a login in its address", where, LOGIN.sub("://…@", line))
        if line.startswith(_PLACES):
            places.append(line)
            continue
        package = _parse(line, where)
        if package.name not in _AIRFLOW and package.name != "kedro-aloft":
            found[package.name] = package
    return Packages(packages=tuple(sorted(found.values(), key=str)), places=tuple(places))


def _parse(line: str, where: str) -> Package:
    match = _LINE.match(_END.split(line)[0])
    if match is None:
        raise _refused("A requirement cannot be read", where, line)
    if match["marker"]:
        raise _refused("A requirement means different packages on different machines", where, line)
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    versions = re.sub(r"\s*([,<>=!~]+)\s*", r"\1", match["rest"].strip("() "))
    return Package(name=name, extras=re.sub(r"\s", "", match["extras"] or ""), versions=versions)


def _refused(what: str, where: str, line: str) -> UsageError:
    return UsageError(
        what,
        where=where,
        seen=line,
        remedy="write what the workers install for their Python and nothing else: "
        "`uv pip compile --python-version 3.12 --python-platform linux pyproject.toml -o requirements.txt`",
    )
