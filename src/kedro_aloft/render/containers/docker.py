"""`execution: docker`: containers of a Docker engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import PROJECT_IN_IMAGE
from kedro_aloft.render.containers.work import Adapter, Constants, Work
from kedro_aloft.render.layout import Call, Name, lay_out
from kedro_aloft.render.literals import render_literal
from kedro_aloft.render.slug import slugify
from kedro_aloft.settings.quantity import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kedro_aloft.settings.execution import DockerSettings, SecretSource
    from kedro_aloft.settings.overrides import TaskSettings

PROJECT = "PROJECT"
_OPERATOR = {"never": "DockerOperator", "on_failure": "KeptContainerOperator", "always": "DockerOperator"}
_AUTO_REMOVE = {"never": "force", "on_failure": "never", "always": "never"}

_FOUND = """\
PROJECT = os.environ.get("KEDRO_ALOFT_PROJECT_PATH") or next(
    (str(one) for one in Path(__file__).resolve().parents if (one / "pyproject.toml").is_file()),
    os.getcwd(),
)"""


def project_source(project_path: str | None) -> str:
    """Return the lines that find the project on the worker; relative mounts begin there."""
    if project_path is None:
        return _FOUND
    place = Name(f"(Path(__file__).parent / {render_literal(project_path)}).resolve()")
    return lay_out(Call("str", (place,)), prefix="PROJECT = ")


def _arguments(work: Work, constants: Constants) -> dict[str, Any]:
    docker = work.demands.docker
    assert docker is not None
    private = {name: Call("os.environ.get", (one.env, "")) for name, one in docker.secrets.items() if one.env}
    optional = {
        "docker_url": docker.url,
        "docker_conn_id": docker.connection,
        "network_mode": docker.network,
        "user": Name('f"{os.getuid()}:{os.getgid()}"') if docker.user == "worker" else docker.user,
        "force_pull": docker.pull == "always",
        "private_environment": private,
        **_limits(work, docker),
    }
    mounts = [_mount(one) for one in (*docker.mounts, *_handoff_mount(work))]
    return {
        "image": work.demands.image,
        "command": list(work.command),
        "environment": work.environment(dict(_templates(docker.secrets.items()))),
        **({"mounts": constants.name("MOUNTS", mounts)} if mounts else {}),
        "mount_tmp_dir": False,
        "auto_remove": _AUTO_REMOVE[docker.keep],
        "labels": dict(work.labels),
        **{name: value for name, value in optional.items() if value},
    }


def _limits(work: Work, docker: DockerSettings) -> dict[str, Any]:
    limits = work.profile.limits if work.profile else {}
    memory, cpus = limits.get("memory"), limits.get("cpu")
    gpus = work.profile.gpus if work.profile else 0
    return {
        "mem_limit": int(amount(memory)) if memory else None,
        "cpus": amount(cpus) if cpus else None,
        "shm_size": int(amount(docker.shm_size)) if docker.shm_size else None,
        "device_requests": [Call("DeviceRequest", kwargs=(("count", gpus), ("capabilities", [["gpu"]])))]
        if gpus
        else [],
    }


def _mount(text: str) -> Call:
    """A folder of the project is named from where the worker has it."""
    source, target, *access = text.split(":")
    inside = source.startswith(".")
    path: Any = source
    if inside:
        rest = source.removeprefix(".").lstrip("/")
        path = Name(f'f"{{{PROJECT}}}/{rest}"') if rest else Name(PROJECT)
    kind = "bind" if inside or source.startswith("/") else "volume"
    read_only = (("read_only", True),) if access == ["ro"] else ()
    return Call("Mount", kwargs=(("target", target), ("source", path), ("type", kind), *read_only))


def _handoff_mount(work: Work) -> tuple[str, ...]:
    """A volume that all containers of the project share; the engine makes it when it is first asked for."""
    if not work.hands_over_in_project:
        return ()
    return (f"{slugify(work.package)}-handoff:{PROJECT_IN_IMAGE}/{work.handoff_uri.removeprefix('./')}",)


def _templates(secrets: Iterable[tuple[str, SecretSource]]) -> Iterator[tuple[str, str]]:
    """Airflow shows rendered environments, and hides what comes from connections and secret variables."""
    for name, source in secrets:
        if source.variable is not None:
            yield name, f"{{{{ var.value.get({source.variable!r}) }}}}"
        elif source.connection is not None:
            yield name, f"{{{{ conn.get({source.connection!r}).get_uri() }}}}"


def _operator(demands: TaskSettings) -> str:
    assert demands.docker is not None
    return _OPERATOR[demands.docker.keep]


DOCKER = Adapter(
    operator=_operator,
    modules={
        "DockerOperator": "airflow.providers.docker.operators.docker",
        "DeviceRequest": "docker.types",
        "Mount": "docker.types",
        "os": "",
        "Path": "pathlib",
    },
    arguments=_arguments,
)
