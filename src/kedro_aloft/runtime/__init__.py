"""What runs in the worker: Kedro, and no Airflow. Of kedro-aloft it imports `contract`, `errors` and `compat` alone.

process.run(json) ─▶ execute(TaskRequest) ─▶ project ─▶ session ─▶ Kedro's runner ─▶ TaskReport
                                                handoff, versions, meter, logs: hooks around that run
"""
