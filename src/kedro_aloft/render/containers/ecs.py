"""`execution: ecs`: tasks of Amazon ECS, on a task definition that has the project's image."""

from __future__ import annotations

from typing import Any

from kedro_aloft.render.containers.work import Adapter, Constants, Work
from kedro_aloft.render.layout import Call
from kedro_aloft.settings.quantity import amount

VARIABLES = "as_list"

VARIABLES_SOURCE = '''\
def as_list(variables):
    """Return environment variables as Amazon ECS wants them."""
    return [{"name": name, "value": value} for name, value in variables.items()]
'''
"""The function of the DAG file that `VARIABLES` names."""


def _arguments(work: Work, constants: Constants) -> dict[str, Any]:
    ecs = work.demands.ecs
    assert ecs is not None
    network = {
        "subnets": list(ecs.subnets),
        "securityGroups": list(ecs.security_groups),
        "assignPublicIp": "ENABLED" if ecs.public_ip else "DISABLED",
    }
    optional = {
        "network_configuration": {"awsvpcConfiguration": network} if ecs.subnets else None,
        "region_name": ecs.region,
        "aws_conn_id": ecs.connection,
        "awslogs_group": ecs.log_group,
        "awslogs_region": ecs.region if ecs.log_group else None,
        "awslogs_stream_prefix": ecs.log_prefix,
    }
    options = {
        "cluster": ecs.cluster,
        "task_definition": ecs.task_definition,
        "launch_type": ecs.launch_type,
        "reattach": True,
        **{name: value for name, value in optional.items() if value},
    }
    container = {
        "name": ecs.container,
        "command": list(work.command),
        "environment": Call(VARIABLES, (work.environment(),)),
        **_limits(work),
    }
    return {"**options": constants.name("ECS", options), "overrides": {"containerOverrides": [container]}}


def _limits(work: Work) -> dict[str, Any]:
    """ECS counts CPU in 1,024ths of a core and memory in MiB."""
    limits = work.profile.limits if work.profile else {}
    cpu, memory = limits.get("cpu"), limits.get("memory")
    return {
        **({"cpu": round(amount(cpu) * 1024)} if cpu else {}),
        **({"memory": round(amount(memory) / 1024**2)} if memory else {}),
    }


ECS = Adapter(
    operator="EcsRunTaskOperator",
    modules={"EcsRunTaskOperator": "airflow.providers.amazon.aws.operators.ecs"},
    arguments=_arguments,
)
