"""Findings: what may go wrong on Airflow. Pure; the standard library alone."""

from kedro_aloft.rules.check import RULES, find_problems
from kedro_aloft.rules.finding import Finding, Rule, Severity

__all__ = ["RULES", "Finding", "Rule", "Severity", "find_problems"]
