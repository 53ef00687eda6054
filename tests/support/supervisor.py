"""The other process of a triggerer or a worker, for what mirrors ask of it."""

from __future__ import annotations

import asyncio
from typing import Any


class Supervisor:
    """Answers what mirrors want to know of their runner; what they ask before they speak it answers when told to."""

    def __init__(self) -> None:
        self.runner = "success"
        """State of any task that is asked for; there is no XCom."""
        self.answers = asyncio.Semaphore(0)
        self.asked = 0

    async def asend(self, message: Any) -> None:
        """Answer what mirrors ask before they speak, when told to."""
        from airflow.sdk.execution_time.comms import MaskSecret

        assert isinstance(message, MaskSecret)
        self.asked += 1
        await self.answers.acquire()

    def send(self, message: Any) -> Any:
        """Answer what they ask of their runner."""
        from airflow.sdk.execution_time.comms import GetTaskStates, TaskStatesResult, XComResult

        if isinstance(message, GetTaskStates):
            (run,), (task,) = message.run_ids, message.task_ids
            return TaskStatesResult(task_states={run: {task: self.runner}})
        return XComResult(key="any", value=None)
