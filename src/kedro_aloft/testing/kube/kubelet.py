"""Runs pods: each container is one of the engine's, in the machine's network. A thread per pod."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.containers import (
    HOST_IP,
    NotReadyError,
    Places,
    claim_path,
    container_options,
    write_volumes,
)
from kedro_aloft.testing.kube.docker import DockerError
from kedro_aloft.testing.kube.events import record_event
from kedro_aloft.testing.kube.kinds import name_of, namespace_of, path_value
from kedro_aloft.testing.kube.scheduling import UnschedulableError, choose_node
from kedro_aloft.testing.kube.status import RefusalError
from kedro_aloft.testing.kube.store import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kedro_aloft.testing.kube.docker import Docker
    from kedro_aloft.testing.kube.kinds import Object
    from kedro_aloft.testing.kube.store import Store

_RETRY_S = 1.0
_NOT_STARTED = 128
_ENDED = ("Succeeded", "Failed")
_FALLBACK_LINES = 80


class PodGoneError(Exception):
    """The pod is being deleted, or the double stops: its thread ends."""


class Kubelet:
    """Runs the pods of one store.

    Args:
        store: Where pods come from and their states go.
        docker: Where containers run.
        path: For volumes and messages; whoever made it removes it.
        label: A label of the engine's that all containers carry.
    """

    def __init__(self, store: Store, docker: Docker, path: Path, label: str) -> None:
        self.store = store
        self.docker = docker
        self.label = label
        self.claims = path / "claims"
        self._path = path
        self._runs: dict[str, PodRun] = {}
        self._lock = threading.Lock()

    def run(self, pod: Object) -> None:
        """Begin to run a pod."""
        run = PodRun(self, pod)
        with self._lock:
            self._runs[pod["metadata"]["uid"]] = run
        run.start()

    def container(self, pod: Object, name: str) -> str | None:
        """Return the engine's id of a pod's container; None before it exists."""
        run = self._runs.get(pod["metadata"]["uid"])
        return run.ids.get(name) if run else None

    def delete(self, pod: Object, grace_s: int) -> None:
        """Begin to end a pod that is marked; it disappears when its containers have ended."""
        run = self._runs.get(pod["metadata"]["uid"])
        if run is None:
            self.store.delete("pods", namespace_of(pod), name_of(pod))
        else:
            threading.Thread(target=run.end, args=(grace_s,), daemon=True).start()

    def drop_claim(self, claim: Object) -> None:
        """Remove the files of a claim."""
        shutil.rmtree(claim_path(self.claims, namespace_of(claim), name_of(claim)), ignore_errors=True)

    def close(self) -> None:
        """End all pods at once and remove every container; the store is closed already."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.close()
        with suppress(DockerError):
            for container in self.docker.list(self.label):
                self.docker.remove(container)

    def places(self, pod: Object) -> Places:
        """Return where a pod's files lie."""
        own = self._path / "pods" / pod["metadata"]["uid"]
        own.mkdir(parents=True, exist_ok=True)
        return Places(own=own, claims=self.claims)


class PodRun:
    """The life of one pod."""

    def __init__(self, kubelet: Kubelet, pod: Object) -> None:
        self.ids: dict[str, str] = {}
        self._kubelet = kubelet
        self._store = kubelet.store
        self._docker = kubelet.docker
        self._pod = pod
        self._places = kubelet.places(pod)
        self._ending = threading.Event()
        self._starting = threading.Lock()
        self._late: threading.Timer | None = None
        self._thread = threading.Thread(target=self._run, name=f"pod {name_of(pod)}", daemon=True)

    def start(self) -> None:
        """Schedule the pod, run its containers, tell how they ended: in a thread."""
        self._thread.start()

    def _run(self) -> None:
        with suppress(PodGoneError):
            try:
                self._schedule()
                self._again(self._mount)
                self._set_deadline()
                self._run_containers()
            except DockerError as error:
                self._tell("Failed", f"Error: {error}")
                self._fail()
            finally:
                self._cancel_deadline()

    def end(self, grace_s: int) -> None:
        """End the containers, then remove the pod."""
        self._ending.set()
        self._cancel_deadline()
        running = self._running()
        for name in running:
            self._tell("Killing", f"Stopping container {name}")
        self._stop_all(running.values(), grace_s)
        self._thread.join()
        self._remove()
        with suppress(RefusalError):
            self._store.delete("pods", namespace_of(self._pod), name_of(self._pod))

    def close(self) -> None:
        """End the thread without telling anybody."""
        self._ending.set()
        self._cancel_deadline()
        with self._starting:
            for container in self.ids.values():
                with suppress(DockerError):
                    self._docker.remove(container)
        self._thread.join()

    # The steps

    def _schedule(self) -> None:
        def attempt() -> str | None:
            try:
                return choose_node(self._store, self._pod)
            except UnschedulableError as error:
                self._condition("PodScheduled", "False", reason="Unschedulable", message=str(error))
                self._tell("FailedScheduling", str(error), component="default-scheduler")
                return None

        node = self._again(attempt)
        subject = f"{namespace_of(self._pod)}/{name_of(self._pod)}"
        self._tell("Scheduled", f"Successfully assigned {subject} to {node}", component="default-scheduler")

        def assign(pod: Object) -> None:
            pod["spec"]["nodeName"] = node
            waiting = "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
            pod["status"].update(startTime=timestamp(), hostIP=HOST_IP, podIP=HOST_IP, podIPs=[{"ip": HOST_IP}])
            pod["status"]["containerStatuses"] = [_status(item, waiting) for item in pod["spec"]["containers"]]
            if inits := pod["spec"].get("initContainers"):
                pod["status"]["initContainerStatuses"] = [_status(item, "PodInitializing") for item in inits]

        self._change(assign)
        self._condition("PodScheduled", "True")

    def _mount(self) -> bool:
        try:
            write_volumes(self._store, self._pod, self._places)
        except NotReadyError as error:
            self._tell("FailedMount", str(error))
            return False
        return True

    def _run_containers(self) -> None:
        spec = self._pod["spec"]
        for container in spec.get("initContainers") or []:
            if self._run_container(container):
                self._fail()
                return
        self._condition("Initialized", "True")
        threads = [
            threading.Thread(target=self._run_beside, args=(container,), daemon=True)
            for container in spec["containers"]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run_beside(self, container: Object) -> None:
        with suppress(PodGoneError):
            try:
                self._run_container(container)
            except DockerError as error:
                self._tell("Failed", f"Error: {error}")
                self._fail()

    def _run_container(self, container: Object) -> int:
        """Run one container to its end; return its exit code."""
        self._again(lambda: self._pull(container))
        options = self._again(lambda: self._configure(container))
        try:
            identity = self._start_container(container, options)
        except DockerError as error:
            if self._ending.is_set():
                raise PodGoneError from error
            self._tell("Failed", f"Error: {error}")
            ended = {"exitCode": _NOT_STARTED, "reason": "StartError", "message": str(error), "finishedAt": timestamp()}
            self._state(container, {"terminated": ended})
            return _NOT_STARTED
        self._tell("Started", f"Started container {container['name']}")
        with suppress(DockerError):
            self._docker.wait(identity)
        return self._tell_end(container, identity)

    def _pull(self, container: Object) -> bool:
        image, policy = container["image"], container["imagePullPolicy"]
        self._check_pull_secrets()
        if self._docker.has_image(image):
            self._tell("Pulled", f'Container image "{image}" already present on machine')
            return True
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            self._tell("ErrImageNeverPull", message)
            self._state(container, {"waiting": {"reason": "ErrImageNeverPull", "message": message}})
            return False
        backing_off = path_value(self._status_of(container), "state.waiting.reason") in {
            "ErrImagePull",
            "ImagePullBackOff",
        }
        if backing_off:
            self._tell("BackOff", f'Back-off pulling image "{image}"')
            self._tell("Failed", "Error: ImagePullBackOff")
            message = f'Back-off pulling image "{image}"'
            self._state(container, {"waiting": {"reason": "ImagePullBackOff", "message": message}})
        else:
            self._tell("Pulling", f'Pulling image "{image}"')
            message = f'Failed to pull image "{image}": not found: the double has the images of its engine alone'
            self._tell("Failed", message)
            self._tell("Failed", "Error: ErrImagePull")
            self._state(container, {"waiting": {"reason": "ErrImagePull", "message": message}})
        return False

    def _check_pull_secrets(self) -> None:
        for reference in self._pod["spec"].get("imagePullSecrets") or []:
            if self._store.find("secrets", namespace_of(self._pod), reference["name"]) is None:
                message = f"Unable to retrieve some image pull secrets ({reference['name']})"
                self._tell("FailedToRetrieveImagePullSecret", message)

    def _configure(self, container: Object) -> dict[str, Any] | None:
        try:
            options = container_options(self._store, self._pod, container, self._places)
        except NotReadyError as error:
            self._tell("Failed", f"Error: {error}")
            self._state(container, {"waiting": {"reason": "CreateContainerConfigError", "message": str(error)}})
            return None
        label, _, value = self._kubelet.label.partition("=")
        options["Labels"][label] = value
        return options

    def _start_container(self, container: Object, options: dict[str, Any]) -> str:
        uid = self._pod["metadata"]["uid"]
        with self._starting:
            if self._ending.is_set():
                raise PodGoneError
            identity = self._docker.create(f"k8s_{container['name']}_{name_of(self._pod)}_{uid}", options)
            self.ids[container["name"]] = identity
            self._tell("Created", f"Created container: {container['name']}")
            self._docker.start(identity)
            started = self._docker.state(identity).get("StartedAt")
        is_init = container["name"] not in {item["name"] for item in self._pod["spec"]["containers"]}
        self._state(
            container,
            {"running": {"startedAt": _seconds(started)}},
            phase="Pending" if is_init else "Running",
            containerID=f"docker://{identity}",
        )
        return identity

    def _tell_end(self, container: Object, identity: str) -> int:
        state = self._docker.state(identity)
        if not state or state.get("Running"):
            raise PodGoneError
        code = int(state["ExitCode"])
        reason = "OOMKilled" if state["OOMKilled"] else "Error" if code else "Completed"
        ended = {
            "exitCode": code,
            "reason": reason,
            "startedAt": _seconds(state["StartedAt"]),
            "finishedAt": _seconds(state["FinishedAt"]),
            "containerID": f"docker://{identity}",
        }
        if message := self._message(container, identity, failed=bool(code)):
            ended["message"] = message
        self._state(container, {"terminated": ended})
        return code

    def _message(self, container: Object, identity: str, *, failed: bool) -> str:
        text = self._places.message(container).read_text(errors="replace")
        if not text and failed and container["terminationMessagePolicy"] == "FallbackToLogsOnError":
            text = b"".join(self._docker.logs(identity, tail=_FALLBACK_LINES)).decode(errors="replace")[-2048:]
        return text[:4096]

    def _set_deadline(self) -> None:
        seconds = self._pod["spec"].get("activeDeadlineSeconds")
        if seconds:
            self._late = threading.Timer(seconds, self._exceed)
            self._late.daemon = True
            self._late.start()

    def _exceed(self) -> None:
        message = "Pod was active on the node longer than the specified deadline"
        self._tell("DeadlineExceeded", message)
        with suppress(PodGoneError):
            self._change(lambda pod: pod["status"].update(phase="Failed", reason="DeadlineExceeded", message=message))
        self._ending.set()
        self._stop_all(self._running().values(), self._pod["spec"]["terminationGracePeriodSeconds"])

    # What the steps share

    def _again(self, attempt: Callable[[], Any]) -> Any:
        """Return what an attempt returns, once it is true; try again when something changed or after a while."""
        while True:
            if self._ending.is_set() or self._store.closed:
                raise PodGoneError
            if result := attempt():
                return result
            # The attempt's own events are changes, too: waiting for any would turn in circles.
            self._ending.wait(_RETRY_S)

    def _fail(self) -> None:
        """Tell that the pod has failed before its containers could."""

        def fail(pod: Object) -> None:
            pod["status"]["phase"] = "Failed"
            _set_condition(pod, "Ready", "False", reason="PodFailed")

        with suppress(PodGoneError):
            self._change(fail)

    def _running(self) -> dict[str, str]:
        with self._starting:
            return {name: one for name, one in self.ids.items() if self._docker.state(one).get("Running")}

    def _stop_all(self, containers: Iterable[str], grace_s: int) -> None:
        threads = [
            threading.Thread(target=self._stop, args=(container, grace_s), daemon=True) for container in containers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _stop(self, container: str, grace_s: int) -> None:
        with suppress(DockerError):
            self._docker.stop(container, grace_s)

    def _remove(self) -> None:
        for container in self.ids.values():
            with suppress(DockerError):
                self._docker.remove(container)
        shutil.rmtree(self._places.own, ignore_errors=True)

    def _cancel_deadline(self) -> None:
        if self._late:
            self._late.cancel()

    def _tell(self, reason: str, message: str, *, component: str = "kubelet") -> None:
        with suppress(RefusalError):
            record_event(self._store, self._pod, reason, message, component=component)

    def _change(self, change: Callable[[Object], None]) -> None:
        try:
            self._store.change("pods", namespace_of(self._pod), name_of(self._pod), change)
        except RefusalError as error:
            raise PodGoneError from error

    def _condition(self, name: str, status: str, **fields: str) -> None:
        self._change(lambda pod: _set_condition(pod, name, status, **fields))

    def _status_of(self, container: Object) -> Object:
        pod = self._store.find("pods", namespace_of(self._pod), name_of(self._pod)) or {}
        return next((item for item in _statuses(pod) if item["name"] == container["name"]), {})

    def _state(self, container: Object, state: Object, *, phase: str = "", **fields: Any) -> None:
        """Tell a container's state, and with it in one change what follows for the pod."""

        def change(pod: Object) -> None:
            status = next(item for item in _statuses(pod) if item["name"] == container["name"])
            running = "running" in state
            status.update(state=state, ready=running, started=running, **fields)
            if pod["status"]["phase"] not in _ENDED:
                pod["status"]["phase"] = _end_phase(pod) or phase or pod["status"]["phase"]
            _tell_ready(pod)

        self._change(change)


def _end_phase(pod: Object) -> str:
    """Return the phase of a pod whose containers have all ended; empty before."""
    ended = [path_value(item, "state.terminated.exitCode") for item in pod["status"]["containerStatuses"]]
    if None in ended:
        return ""
    return "Failed" if any(ended) else "Succeeded"


def _tell_ready(pod: Object) -> None:
    ready = "True" if all(item["ready"] for item in pod["status"]["containerStatuses"]) else "False"
    reasons = {"Succeeded": {"reason": "PodCompleted"}, "Failed": {"reason": "PodFailed"}}
    for name in ("ContainersReady", "Ready"):
        _set_condition(pod, name, ready, **reasons.get(pod["status"]["phase"], {}))


def _set_condition(pod: Object, name: str, status: str, **fields: str) -> None:
    conditions = pod["status"].setdefault("conditions", [])
    told = {"type": name, "status": status, **fields}
    before: Object = next((item for item in conditions if item["type"] == name), {})
    if {key: value for key, value in before.items() if key != "lastTransitionTime"} != told:
        conditions[:] = [item for item in conditions if item["type"] != name]
        conditions.append({**told, "lastTransitionTime": timestamp()})


def _statuses(pod: Object) -> list[Object]:
    status = pod.get("status") or {}
    return [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]


def _status(container: Object, waiting: str) -> Object:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": waiting}},
    }


def _seconds(engine_time: str | None) -> str:
    """Return the engine's time as the API writes times: no fractions."""
    parsed = datetime.fromisoformat(f"{(engine_time or '')[:19]}+00:00") if engine_time else datetime.now(timezone.utc)
    return parsed.strftime("%Y-%m-%dT%H:%M:%SZ")
