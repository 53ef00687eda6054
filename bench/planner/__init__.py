"""The planner of `group_by: auto` beside other methods: `python -m bench.planner`."""
