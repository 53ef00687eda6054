"""Findings: what may go wrong on Airflow. Pure; the standard library alone."""

from kedro_aloft.rules.check import RULES, find_problems, sort_findings, unknown_names
from kedro_aloft.rules.finding import Finding, Fix, Hit, RemoveKey, ReplaceText, SetKey, Severity, Spot
from kedro_aloft.rules.rule import Rule, names_rule
from kedro_aloft.rules.silencing import split_silenced
from kedro_aloft.rules.sources import Files, Sources
from kedro_aloft.rules.subject import SettingsView, Subject, Target, TaskView

__all__ = [
    "RULES",
    "Files",
    "Finding",
    "Fix",
    "Hit",
    "RemoveKey",
    "ReplaceText",
    "Rule",
    "SetKey",
    "SettingsView",
    "Severity",
    "Sources",
    "Spot",
    "Subject",
    "Target",
    "TaskView",
    "find_problems",
    "names_rule",
    "sort_findings",
    "split_silenced",
    "unknown_names",
]
