"""Measurements: what kedro-aloft costs, and how its planner compares."""
