"""Projects that are one module: each of its functions is a node."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.snapshot import NodeInfo, SourceLocation
from kedro_aloft.rules import find_problems
from support.subjects import subject

if TYPE_CHECKING:
    from kedro_aloft.rules import Finding, Subject

FILE = "src/shop/nodes.py"

PRELUDE = """\
import json, logging, os, random, subprocess, sys, tempfile, time, uuid
from datetime import datetime
from pathlib import Path
import numpy as np
import pandas as pd
import requests
from kedro.framework.session import KedroSession
from sklearn.model_selection import KFold, train_test_split
logger = logging.getLogger(__name__)
"""
LINES_BEFORE = PRELUDE.count("\n")


def project(text: str, *, nodes: tuple[str, ...] = (), **more: Any) -> Subject:
    """Return a subject whose nodes call the functions of a module, all of them unless some are named."""
    functions = [one for one in ast.parse(PRELUDE + text).body if isinstance(one, ast.FunctionDef)]
    infos = [
        NodeInfo(
            name=one.name,
            outputs=(f"{one.name}_out",),
            source=SourceLocation(file=FILE, line=min([one.lineno, *(part.lineno for part in one.decorator_list)])),
        )
        for one in functions
        if not nodes or one.name in nodes
    ]
    return subject(*infos, files={FILE: PRELUDE + text}, **more)


def found(text: str, code: str, **more: Any) -> list[int]:
    """Return the lines of the module, counted from 1, where a rule finds something."""
    return [finding.line - LINES_BEFORE for finding in findings(text, code, **more)]


def findings(text: str, code: str, **more: Any) -> tuple[Finding, ...]:
    """Return what a rule finds in a module."""
    return find_problems(project(text, **more), select=[code], locate=lambda _, spot: (spot.name, spot.line))
