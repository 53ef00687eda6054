"""Tasks as containers: stock operators of Airflow's providers, one small adapter for each.

work ── adapter ──▶ arguments of its operator        environment: how a container learns what to do
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.render.containers.docker import DOCKER
from kedro_aloft.render.containers.ecs import ECS
from kedro_aloft.render.containers.pods import GKE, KUBERNETES
from kedro_aloft.render.containers.spark import CUSTOM, DATAPROC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.render.containers.work import Adapter

ADAPTERS: Mapping[str, Adapter] = {
    "docker": DOCKER,
    "kubernetes": KUBERNETES,
    "gke": GKE,
    "ecs": ECS,
    "dataproc": DATAPROC,
    "custom": CUSTOM,
}
"""Mode → adapter."""

__all__ = ["ADAPTERS"]
