"""Why a task fails or waits, in words: what Airflow, the cluster and the container said → cause and remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A cause.

    Args:
        code: Stable name.
        text: What happened, in one sentence.
        remedy: What to do.
    """

    code: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Cause:
    """How a cause is known; groups of the pattern stand in text and remedy by their names."""

    code: str
    pattern: re.Pattern[str]
    text: str
    remedy: str
    before_start: bool = True
    """Whether it keeps a container from starting, so that what ran cannot have it."""


def _cause(code: str, pattern: str, text: str, remedy: str, *, before_start: bool = True) -> Cause:
    return Cause(code, re.compile(pattern), text, remedy, before_start)


_Q = r"\\*[\"']"
"""A quotation mark, as it stands or inside of JSON."""

CAUSES: tuple[Cause, ...] = (
    _cause(
        "out-of-memory", r"OOMKilled(?:.*memory limit (?P<limit>\S+))?",
        "The container was killed because it wanted more memory than its limit: {limit}.",
        "raise `limits: {{memory: …}}` of the task's resource profile, or let the node take less at a time",
        before_start=False,
    ),
    _cause(
        "evicted", r"\b(?P<what>Evicted|Preempt\w+|DeadlineExceeded)\b",
        "The cluster took the pod away ({what}).",
        "see the pod's message: a machine out of memory or disk, a more important pod, or a deadline",
        before_start=False,
    ),
    _cause(
        "node-failed", r"(?:\[ALOFT-7\d\d\]|\bAirflow(?:Fail)?Exception:(?! Pod )) (?P<what>.+)",
        "{what}", "see the task's log; `kedro run` with the same node shows the same error", before_start=False,
    ),
    _cause(
        "service-account", rf"serviceaccount {_Q}(?P<name>[^\"'\\]+)\\*[\"'] not found",
        "The cluster refuses the pod: its service account '{name}' is not there.",
        "create it, or correct `kubernetes: {{service_account: …}}`",
    ),
    _cause(
        "quota", r"exceeded quota: (?P<what>[^\"\\]+)",
        "The cluster refuses the pod: it is beyond a quota ({what}).",
        "wait for other pods to end, ask for less in the resource profile, or raise the quota",
    ),
    _cause(
        "quota", r"failed quota: (?P<what>[^\"\\]+)",
        "The cluster refuses the pod: a quota counts what the pod does not say ({what}).",
        "say requests and limits in the resource profile",
    ),
    _cause(
        "namespace", rf"namespaces {_Q}(?P<name>[^\"'\\]+)\\*[\"'] not found",
        "The cluster refuses the pod: the namespace '{name}' is not there.",
        "create it, or correct `kubernetes: {{namespace: …}}`",
    ),
    _cause(
        "secret", rf"secret {_Q}?(?P<name>[^\"'\\ ]+?)\\*[\"']? not found",
        "The container waits for the secret '{name}', which is not there.",
        "create the secret in the namespace of the pods, or correct `kubernetes: {{secrets: …}}`",
    ),
    _cause(
        "secret-key", r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?P<name>\S+)",
        "The container waits: {kind} {name} has no key '{key}'.",
        "add the key, or correct `key` in `kubernetes: {{secrets: …}}`",
    ),
    _cause(
        "secret-key", r"references non-existent (?:config|secret) key: (?P<key>\S+)",
        "The container waits: a secret or config map has no key '{key}'.",
        "add the key, or correct `key` in `kubernetes: {{secrets: …}}`",
    ),
    _cause(
        "config-map", rf"configmap {_Q}?(?P<name>[^\"'\\ ]+?)\\*[\"']? not found",
        "The container waits for the config map '{name}', which is not there.",
        "create it in the namespace of the pods, or correct `kubernetes: {{config_maps: …}}`",
    ),
    _cause(
        "claim", rf"persistentvolumeclaim {_Q}(?P<name>[^\"'\\]+)\\*[\"'] (?P<what>not found|is being deleted)",
        "The pod waits for the claim '{name}', which is {what}.",
        "create the claim in the namespace of the pods, or correct the pod template",
    ),
    _cause(
        "claim-unbound", r"unbound immediate PersistentVolumeClaims",
        "The pod waits for its claim, which no volume is bound to.",
        "see `kubectl describe pvc`: mostly a storage class that is not there",
    ),
    _cause(
        "image", r"(?:Failed to pull image|Back-off pulling image|Container image) "
        rf"{_Q}(?P<name>[^\"'\\]+)\\*[\"'](?!.*already present)",
        "The image '{name}' cannot be pulled.",
        "`kedro airflow image build --push`, or correct `image`; a private registry needs `kubernetes.pull_secrets`",
    ),
    _cause(
        "image", r"ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull",
        "The image cannot be pulled.",
        "`kedro airflow image build --push`, or correct `image`; a private registry needs `kubernetes.pull_secrets`",
    ),
    _cause(
        "selector", r"(?P<nodes>\d+/\d+) nodes are available.*didn't match Pod's node affinity/selector",
        "No node has the labels that the pod selects ({nodes} nodes suit).",
        "correct `node_selector` or `affinity`: `kubectl get nodes --show-labels` shows what there is",
    ),
    _cause(
        "taint", r"(?P<nodes>\d+/\d+) nodes are available.*untolerated taint(?:\(?s?\)?) ?(?P<what>\{[^}]*\})?",
        "No node takes the pod: it does not bear their taint {what}.",
        "add `tolerations` to `kubernetes` or the resource profile",
    ),
    _cause(
        "resources", r"(?P<nodes>\d+/\d+) nodes are available.*Insufficient (?P<what>[^\s,.]+(?:\.[^\s,.]+)*)",
        "No node has as much {what} left as the pod asks for.",
        "ask for less in the resource profile, wait for other pods to end, or add nodes",
    ),
    _cause(
        "unschedulable", r"(?P<what>\d+/\d+ nodes are available: .+)",
        "No node takes the pod: {what}", "see `kubectl describe pod`",
    ),
    _cause(
        "import", r"(?:ModuleNotFoundError|ImportError):? (?P<what>.+)",
        "Something is not installed where the task runs: {what}",
        "install it there; of a container, add it to the project's requirements and build the image anew",
        before_start=False,
    ),
    _cause(
        "exit-code", r"exit[_ ]code\W{1,4}(?P<code>[1-9]\d*)",
        "The container ended with exit code {code}{meaning}.",
        "read the end of the log", before_start=False,
    ),
    _cause(
        "startup-timeout", r"(?P<what>Pod took (?:too long|longer than \d+ seconds) to start[^\"\n]*)",
        "The pod did not start in time, and nobody kept why.",
        "clear the task and ask again while it waits, or keep pods: `kubernetes: {{keep: on_failure}}`",
    ),
)  # fmt: skip
"""Most telling first: of several that fit, the first is named."""

_EXIT_CODES = {
    "126": " (the command cannot be executed)",
    "127": " (the command is not in the image)",
    "137": " (killed: SIGKILL, mostly for want of memory)",
    "143": " (told to end: SIGTERM)",
}


def explain(lines: Iterable[str], *, started: bool = False) -> Hint | None:
    """Return the most telling cause that some lines name; None when no one does.

    Args:
        lines: What Airflow, the cluster and the container said.
        started: Whether the container has run: what keeps one from starting is history then.
    """
    text = "\n".join(lines)
    for cause in CAUSES:
        if started and cause.before_start:
            continue
        if found := cause.pattern.search(text):
            return _hint(cause, found)
    return None


def _hint(cause: Cause, found: re.Match[str]) -> Hint:
    parts = {name: (value or "not known").strip().rstrip(",;") for name, value in found.groupdict().items()}
    text = cause.text.format(**parts, meaning=_EXIT_CODES.get(parts.get("code", ""), ""))
    return Hint(code=cause.code, text=text, remedy=cause.remedy.format(**parts))
