from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from conftest_embedded import wait_until

from kedro_aloft.embedded.processes import Process, children, descendants, kill_all, marked, wait_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
