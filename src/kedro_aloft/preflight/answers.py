"""The questions of `preflight`, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.doctor.check import Answer, unknown

if TYPE_CHECKING:
    from kedro_aloft.doctor.check import Result
    from kedro_aloft.preflight.wanted import Unreachable

WHY = {
    "claim": "A pod whose claim is missing or unbound stays in `Pending`: it is never scheduled.",
    "cluster": "Every pod is started and watched through the API of the cluster.",
    "config-map": "A container that reads a missing config map waits with `CreateContainerConfigError`.",
    "engine": "Every container is started through the API of the engine.",
    "image": "A container whose image cannot be pulled waits with `ErrImagePull` until the startup timeout.",
    "mount": "A bind mount of a folder that is not there is refused by the engine.",
    "namespace": "A pod of a missing namespace is refused (404).",
    "network": "A container of a missing network is created and does not start.",
    "node": "A pod that no node takes stays in `Pending`, with the event `FailedScheduling`.",
    "python": "The task starts this interpreter, and Kedro in it.",
    "quota": "A pod beyond the quota of its namespace is refused (403).",
    "requirements": "The first task of all builds the environment; what cannot be resolved fails it.",
    "secret": "A container that reads a missing secret, or a missing key, waits with `CreateContainerConfigError`.",
    "service-account": "A pod with a missing service account is refused (403).",
    "storage-class": "A claim of a missing storage class is never bound, and its pods stay in `Pending`.",
}
"""Code of each question → why it matters."""


def answer(code: str, title: str, result: Result) -> Answer:
    """Return the answer to one of the questions."""
    return Answer(code=code, title=title, why=WHY[code], result=result)


def leave_unasked(place: Unreachable) -> Answer:
    """Return that nothing is known of a place: silence would pass for a good answer."""
    tasks = f"{', '.join(place.tasks[:3])}{' …' if len(place.tasks) > 3 else ''}"
    return answer("cluster", place.name, unknown(f"{place.name}, for {tasks}, is not asked: {place.why}", place.remedy))
