"""Resources and limits: how much may run at once, on what, and which limit binds."""

from __future__ import annotations

import difflib
import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from kedro_aloft.rules.finding import Hit, Severity, file, node, setting
from kedro_aloft.rules.resources import FAMILY
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kedro_aloft.graph.plan import Task
    from kedro_aloft.rules.finding import Spot
    from kedro_aloft.rules.subject import Subject, TaskView

DEFAULT_POOL = "default_pool"
_DEFAULTS = {"MAX_ACTIVE_TASKS_PER_DAG": 16, "PARALLELISM": 32, "DEFAULT_POOL_TASK_SLOT_COUNT": 128}
"""Source: `[core]` of Airflow 3.3.2."""

_LIMIT = re.compile(rf"\bAIRFLOW__CORE__(?P<name>{'|'.join(_DEFAULTS)})\b[\"']?\s*[:=]\s*[\"']?(?P<value>\d+)")
_DEPLOYMENT = re.compile(r"(?:.*/)?(?:Dockerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml|[^/]*\.env|\.env[^/]*)")
_POOL_FILE = re.compile(r"(?:.*/)?[\w.-]*pools?[\w.-]*\.json")
_FROM = re.compile(r"(?i)^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?")
_MANY_TASKS = 250


# --- what runs side by side


def widest(tasks: Iterable[Task]) -> list[Task]:
    """Return the most tasks that have the same number of tasks before them in a row: they may all run at once."""
    depth: dict[str, int] = {}
    levels: dict[int, list[Task]] = defaultdict(list)
    for task in tasks:
        depth[task.id] = max((depth[one] + 1 for one in task.upstream), default=0)
        levels[depth[task.id]].append(task)
    return max(levels.values(), key=len, default=[])


def _limits(subject: Subject) -> dict[str, int]:
    """Airflow's limits: those that a file of the project sets for its containers, else the defaults."""
    limits = dict(_DEFAULTS)
    for path in subject.sources.paths:
        text = (subject.sources.text(path) or "") if _DEPLOYMENT.fullmatch(path) else ""
        limits |= {match["name"]: int(match["value"]) for match in _LIMIT.finditer(text)}
    return limits


def _pool_files(subject: Subject) -> dict[str, int]:
    """Pools and their slots, from files for `airflow pools import`; empty when the project has none."""
    pools: dict[str, int] = {}
    for path in subject.sources.below("", ".json"):
        content = _read_json(subject.sources.text(path)) if _POOL_FILE.fullmatch(path) else None
        for name, pool in content.items() if isinstance(content, dict) else ():
            if isinstance(pool, dict) and isinstance(pool.get("slots"), int):
                pools[name] = pool["slots"]
    return pools


def _read_json(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _view(subject: Subject, task: Task) -> TaskView:
    return subject.tasks_by_node[task.nodes[0]]


def _too_wide(subject: Subject) -> Iterator[Hit]:
    """Which of Airflow's limits binds when all tasks of the widest place are ready."""
    wide = widest(subject.plan.tasks)
    bounds = {name: (limit, len(wide)) for name, limit in _bounds(subject).items()}
    for pool, (limit, wanted) in _pool_bounds(subject, wide).items():
        bounds[f"pool {pool}"] = (limit, wanted)
    name, (limit, wanted) = min(bounds.items(), key=lambda item: (item[1][0] - item[1][1], item[0]))
    fewer = "" if subject.plan.group_by == "auto" else ", or let fewer tasks do the work: `group_by: auto`"
    if wanted > limit:
        yield Hit(
            message=f"{wanted} tasks could run side by side; `{name}` lets {limit} of them run.",
            spot=node(wide[0].nodes[0]),
            where=f"tasks {listed([task.id for task in wide])}",
            remedy=f"raise `{name}` where Airflow is configured{fewer}",
        )


def _bounds(subject: Subject) -> dict[str, int]:
    limits = _limits(subject)
    bounds = {"max_active_tasks_per_dag": limits["MAX_ACTIVE_TASKS_PER_DAG"], "parallelism": limits["PARALLELISM"]}
    return bounds | ({"slots": subject.settings.slots} if subject.settings.slots else {})


def _pool_bounds(subject: Subject, wide: list[Task]) -> dict[str, tuple[int, int]]:
    sizes = {DEFAULT_POOL: _limits(subject)["DEFAULT_POOL_TASK_SLOT_COUNT"], **_pool_files(subject)}
    wanted: dict[str, int] = defaultdict(int)
    for task in wide:
        view = _view(subject, task)
        wanted[view.pool or DEFAULT_POOL] += view.pool_slots
    return {pool: (sizes[pool], slots) for pool, slots in wanted.items() if pool in sizes}


def _many_tasks(subject: Subject) -> Iterator[Hit]:
    count = len(subject.plan.tasks)
    if count > _MANY_TASKS and subject.plan.group_by == "none":
        yield Hit(
            message=f"{count} tasks, each with one node: Airflow takes about a second for each besides its work.",
            spot=setting("group_by"),
            remedy="look at `kedro airflow plan --set group_by=auto`",
        )


def _idle_runner(subject: Subject) -> Iterator[Hit]:
    runner = subject.settings.runner.rpartition(".")[2]
    if runner in {"ParallelRunner", "ThreadRunner"} and all(len(task.nodes) == 1 for task in subject.plan.tasks):
        yield Hit(
            message=f"Every task has one node: {runner} has nothing to run side by side.",
            spot=setting("runner"),
            remedy="leave `runner` out, or let nodes share a task with `group_by`",
        )


# --- names of pools and queues


def _groups(subject: Subject, key: str) -> dict[str, list[str]]:
    """Values of a setting, with the nodes that it holds for."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, view in subject.tasks_by_node.items():
        value = getattr(view, key)
        if value is not None:
            found[value].append(name)
    return dict(sorted(found.items()))


def _stands(subject: Subject, key: str, value: Any) -> Spot:
    """Where a setting has a value: the last override that gives it, else the section itself."""
    overrides = list(enumerate(subject.settings.override_tasks))
    for index, (_, changes) in reversed(overrides):
        if changes.get(key) == value:
            return setting("tasks", index, key)
    return setting(key)


def _nodes(names: list[str]) -> str:
    return f"node{'s' * (len(names) > 1)} {listed(names)}"


def _unknown_pools(subject: Subject) -> Iterator[Hit]:
    """Silent where no file of the project says which pools there are."""
    known = _pool_files(subject)
    for pool, names in _groups(subject, "pool").items() if known else ():
        if pool not in known and pool != DEFAULT_POOL:
            close = difflib.get_close_matches(pool, sorted(known), n=1)
            yield Hit(
                message=f"The pool '{pool}' is not among those of the project: {', '.join(sorted(known))}.",
                spot=_stands(subject, "pool", pool),
                where=_nodes(names),
                remedy=f"did you mean '{close[0]}'?"
                if close
                else "add it to the file that `airflow pools import` reads",
            )


def _small_pools(subject: Subject) -> Iterator[Hit]:
    sizes = {DEFAULT_POOL: _limits(subject)["DEFAULT_POOL_TASK_SLOT_COUNT"], **_pool_files(subject)}
    for name, view in subject.tasks_by_node.items():
        pool = view.pool or DEFAULT_POOL
        if view.pool_slots > sizes.get(pool, view.pool_slots):
            yield Hit(
                message=f"Node '{name}' needs {view.pool_slots} slots of the pool '{pool}', which has {sizes[pool]}.",
                spot=_stands(subject, "pool_slots", view.pool_slots),
                where=f"node {name}",
                remedy="lower `pool_slots`, or make the pool larger",
            )


def _lookalikes(subject: Subject) -> Iterator[Hit]:
    for key in ("pool", "queue"):
        groups = _groups(subject, key)
        names = sorted(groups, key=lambda name: (len(groups[name]), name))
        for position, rare in enumerate(names):
            twin = next((one for one in names[position + 1 :] if _is_lookalike(rare, one)), None)
            if twin is not None:
                yield Hit(
                    message=f"The {key}s '{rare}' and '{twin}' differ by so little that one may be a mistake.",
                    spot=_stands(subject, key, rare),
                    where=_nodes(groups[rare]),
                    remedy="use one name, or names that nobody takes for each other",
                )


def _is_lookalike(one: str, other: str) -> bool:
    """Whether two names differ in case, in dashes, or in one letter; `gpu1` and `gpu2` are meant to differ."""
    plain = [re.sub(r"[-_. ]", "", name).casefold() for name in (one, other)]
    if plain[0] == plain[1]:
        return True
    if min(map(len, plain)) < 5 or re.sub(r"\d", "", plain[0]) == re.sub(r"\d", "", plain[1]):
        return False
    edits = [
        code
        for code in difflib.SequenceMatcher(None, plain[0], plain[1], autojunk=False).get_opcodes()
        if code[0] != "equal"
    ]
    return len(edits) == 1 and max(edits[0][2] - edits[0][1], edits[0][4] - edits[0][3]) == 1


def _queues_without_effect(subject: Subject) -> Iterator[Hit]:
    for queue, names in _groups(subject, "queue").items():
        views = [subject.tasks_by_node[name] for name in names]
        deaf = sorted({str(view.executor).rpartition(".")[2] for view in views if _ignores_queues(view.executor)})
        if deaf:
            yield Hit(
                message=f"{' and '.join(deaf)} knows no queues: '{queue}' changes nothing.",
                spot=_stands(subject, "queue", queue),
                where=_nodes([name for name in names if _ignores_queues(subject.tasks_by_node[name].executor)]),
                remedy="leave `queue` out, or use an executor with queues, such as CeleryExecutor",
            )


def _ignores_queues(executor: str | None) -> bool:
    return bool(executor) and str(executor).rpartition(".")[2] in {"KubernetesExecutor", "LocalExecutor"}


# --- images, pods and volumes


def _floating_images(subject: Subject) -> Iterator[Hit]:
    for image, names in _groups(subject, "image").items():
        if _floats(image):
            yield Hit(
                message=f"The image '{image}' has {'the tag latest' if image.endswith(':latest') else 'no tag'}: "
                "tasks of one run may get different ones.",
                spot=_stands(subject, "image", image),
                where=_nodes(names),
                remedy="name a version, `…:1.4.2`, or a digest, `…@sha256:…`",
            )


def _floats(image: str) -> bool:
    """Whether nobody can say which image a name means tomorrow."""
    last = image.rpartition("/")[2]
    return "@" not in last and not any(mark in image for mark in "${") and last.partition(":")[2] in {"", "latest"}


def _floating_bases(subject: Subject) -> Iterator[Hit]:
    for path in subject.sources.paths:
        if not re.fullmatch(r"(?:.*/)?Dockerfile[^/]*", path):
            continue
        stages: set[str] = {"scratch"}
        for number, line in enumerate(subject.sources.lines(path), start=1):
            match = _FROM.match(line)
            if match and match["image"] not in stages and _floats(match["image"]):
                yield Hit(
                    message=f"The image is made from '{match['image']}', which is another one each month.",
                    spot=file(path, number),
                    remedy="name a version, such as `python:3.11-slim`",
                )
            stages |= {match["stage"]} if match and match["stage"] else set()


def _in_containers(
    subject: Subject, modes: frozenset[str], lacks: Callable[[TaskView], list[str]]
) -> Iterator[tuple[list[str], list[str]]]:
    """Nodes in containers that lack the same things, with what they lack."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, view in subject.tasks_by_node.items():
        lacking = tuple(lacks(view)) if view.execution in modes else ()
        if lacking:
            found[lacking].append(name)
    for what, names in sorted(found.items()):
        yield names, list(what)


_PODS = frozenset({"gke", "kubernetes"})


def _no_requests(subject: Subject) -> Iterator[Hit]:
    """Silent with a pod template, which may have them."""

    def lacks(view: TaskView) -> list[str]:
        return [] if view.has_template else [one for one in ("cpu", "memory") if one not in dict(view.requests)]

    for names, missing in _in_containers(subject, _PODS, lacks):
        yield Hit(
            message=f"{len(names)} node(s) run in pods that request no {' and no '.join(missing)}.",
            spot=setting("resource_profiles"),
            where=_nodes(names),
            remedy="add `resource_profiles: {default: {requests: {cpu: 500m, memory: 1Gi}}}`",
        )


def _no_memory_limit(subject: Subject) -> Iterator[Hit]:
    def lacks(view: TaskView) -> list[str]:
        return [] if view.has_template or "memory" in dict(view.limits) else ["memory"]

    for names, _ in _in_containers(subject, _PODS | {"docker"}, lacks):
        yield Hit(
            message=f"{len(names)} node(s) run in containers without a limit of memory.",
            spot=setting("resource_profiles"),
            where=_nodes(names),
            remedy="add `resource_profiles: {default: {limits: {memory: 4Gi}}}`",
        )


def _requests_beyond_limits(subject: Subject) -> Iterator[Hit]:
    def lacks(view: TaskView) -> list[str]:
        limits = dict(view.limits)
        return [name for name, amount in view.requests if amount > limits.get(name, amount)]

    for names, what in _in_containers(subject, _PODS, lacks):
        profile = subject.tasks_by_node[names[0]].resource_profile
        yield Hit(
            message=f"The pods request more {' and '.join(what)} than their limits allow: Kubernetes refuses them.",
            spot=setting("resource_profiles", *([profile] if profile else [])),
            where=_nodes(names),
            remedy="raise the limit to the request at least",
        )


def _shared_claims(subject: Subject) -> Iterator[Hit]:
    """Pods on one machine can share such a claim, so nothing is certain."""
    if not any(view.claim_modes for view in subject.views):
        return
    once = [
        task
        for task in widest(subject.plan.tasks)
        if _view(subject, task).execution in _PODS and set(_view(subject, task).claim_modes) == {"ReadWriteOnce"}
    ]
    if len(once) > 1:
        yield Hit(
            message=f"{len(once)} pods could run side by side on a claim that one machine at a time can mount.",
            spot=setting("kubernetes", "volume"),
            where=f"tasks {listed([task.id for task in once])}",
            remedy="set `access_modes: [ReadWriteMany]` with a storage class that has it, or use an object store",
        )


RULES = (
    Rule(
        code="ALOFT-L01",
        name="too-wide",
        family=FAMILY,
        severity=Severity.INFO,
        summary="More tasks could run side by side than Airflow lets run; which limit it is.",
        why="Airflow runs 16 tasks of a DAG, 32 of all DAGs and 128 of the default pool at once, unless it is "
        "configured otherwise. What is beyond waits, also when workers are idle. Limits that a file of the project "
        "sets for its containers count, and pools of files for `airflow pools import`.",
        bad="default: {group_by: none}   # 40 nodes that wait for nothing",
        good="default: {group_by: auto, slots: 16}",
        find=_too_wide,
    ),
    Rule(
        code="ALOFT-L02",
        name="many-tasks",
        family=FAMILY,
        severity=Severity.INFO,
        summary="More than 250 tasks with one node each.",
        why="Each task is a process that Airflow starts, watches and writes about: a second or more besides its work, "
        "and a graph that nobody can read.",
        bad="default: {group_by: none}   # 600 nodes",
        good="default: {group_by: namespace}",
        find=_many_tasks,
    ),
    Rule(
        code="ALOFT-L03",
        name="idle-runner",
        family=FAMILY,
        severity=Severity.INFO,
        summary="A runner for several nodes at once, where every task has one node.",
        why="Side by side is what Airflow does with the tasks; the runner sees one node and only costs its start.",
        bad="default: {runner: ParallelRunner}",
        good="default: {runner: ThreadRunner, group_by: namespace}",
        find=_idle_runner,
    ),
    Rule(
        code="ALOFT-L04",
        name="unknown-pool",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A pool that the project's own list of pools does not have.",
        why="Tasks of a pool that does not exist are never scheduled: the run waits without an error.",
        bad="default: {pool: trainin}   # pools.json has `training`",
        good="default: {pool: training}",
        find=_unknown_pools,
    ),
    Rule(
        code="ALOFT-L05",
        name="pool-too-small",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A task that needs more slots than its pool has.",
        why="It is never scheduled, and no error says so.",
        bad="default: {pool_slots: 200}   # the default pool has 128",
        good="default: {pool_slots: 2}",
        find=_small_pools,
    ),
    Rule(
        code="ALOFT-L06",
        name="lookalike-names",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Two pools, or two queues, whose names differ in case, a dash or one letter.",
        why="One of them is most likely a mistake, and tasks of a pool or queue that nobody serves wait for ever.",
        bad="default:\n  pool: training\n  tasks:\n    - {select: fit, pool: trainning}",
        good="default:\n  pool: training",
        find=_lookalikes,
    ),
    Rule(
        code="ALOFT-L07",
        name="queue-without-effect",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A queue for an executor that has none.",
        why="LocalExecutor and KubernetesExecutor do not look at it: the task runs, but not where it was meant to.",
        bad="default: {executor: LocalExecutor, queue: large}",
        good="default: {executor: CeleryExecutor, queue: large}",
        find=_queues_without_effect,
    ),
    Rule(
        code="ALOFT-L08",
        name="floating-image",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An image without a tag, or with the tag `latest`.",
        why="A new push in the middle of a run gives its later tasks other code than the first ones had, a machine "
        "that has pulled before keeps an old one, and nobody can repeat the run.",
        bad="default: {execution: docker, image: registry.example.org/shop}",
        good="default: {execution: docker, image: 'registry.example.org/shop:1.4.2'}",
        find=_floating_images,
    ),
    Rule(
        code="ALOFT-L09",
        name="floating-base",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A Dockerfile that begins with an image without a tag, or with the tag `latest`.",
        why="The next build has another Python, without a change of the project.",
        bad="FROM python\nCOPY src /app/src",
        good="FROM python:3.11-slim\nCOPY src /app/src",
        find=_floating_bases,
    ),
    Rule(
        code="ALOFT-L10",
        name="no-requests",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Pods that request no processor or no memory.",
        why="Kubernetes puts them wherever there is a machine, full or not, and ends them first when memory is short.",
        bad="default: {execution: kubernetes, image: 'registry.example.org/shop:1.4.2'}",
        good="default:\n  execution: kubernetes\n  image: registry.example.org/shop:1.4.2\n"
        "  resource_profiles:\n    default: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 1Gi}}",
        find=_no_requests,
    ),
    Rule(
        code="ALOFT-L11",
        name="no-memory-limit",
        family=FAMILY,
        severity=Severity.INFO,
        summary="Containers without a limit of memory.",
        why="A node that takes too much takes it from everything else on the machine, Airflow's own worker included.",
        bad="default: {execution: docker, image: 'registry.example.org/shop:1.4.2'}",
        good="default:\n  execution: docker\n  image: registry.example.org/shop:1.4.2\n"
        "  resource_profiles:\n    default: {limits: {memory: 4Gi}}",
        find=_no_memory_limit,
    ),
    Rule(
        code="ALOFT-L12",
        name="requests-beyond-limits",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A resource profile that requests more than its limit.",
        why="Kubernetes refuses such a pod: every task that takes the profile fails.",
        bad="resource_profiles:\n  default: {requests: {memory: 8Gi}, limits: {memory: 4Gi}}",
        good="resource_profiles:\n  default: {requests: {memory: 4Gi}, limits: {memory: 8Gi}}",
        find=_requests_beyond_limits,
    ),
    Rule(
        code="ALOFT-L13",
        name="claim-for-one",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Pods that may run side by side on a `ReadWriteOnce` claim.",
        why="One machine at a time can mount it: a pod on another machine stays pending until it times out. It works "
        "as long as all pods land on one machine.",
        bad="kubernetes:\n  volume: {size: 20Gi}",
        good="kubernetes:\n  volume: {size: 20Gi, access_modes: [ReadWriteMany], storage_class: nfs}",
        find=_shared_claims,
    ),
)
