"""The process of a task in an interpreter of its own. Started by `launch`, which speaks first."""

from __future__ import annotations

import logging
import socket
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kedro_aloft.warm.child import BROKEN, leave, run_request, take_signals
from kedro_aloft.warm.kernel import adopt_orphans, end_with_parent
from kedro_aloft.warm.packets import ClosedError, PacketReader
from kedro_aloft.warm.relay import RelayHandler, apply_levels

if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the request that comes through the channel of `sys.argv` and end the process."""
    _, _, descriptor, parent = sys.argv
    code = BROKEN
    try:
        end_with_parent(int(parent))
        adopt_orphans()
        take_signals()
        with socket.socket(fileno=int(descriptor)) as channel:
            asked = _receive(channel)
            _tell_through(channel, asked["levels"])
            code = run_request(asked["request"], channel)
    except (ClosedError, BrokenPipeError):
        pass  # who asked has gone
    except BaseException:  # noqa: BLE001  the last frame of this process: all that is left is to tell
        traceback.print_exc()
    finally:
        leave(code)


def _receive(channel: socket.socket) -> dict[str, Any]:
    packets = PacketReader(channel)
    while (message := packets.read()) is None:
        pass
    return message


def _tell_through(channel: socket.socket, levels: dict[str, int]) -> None:
    """Log records keep their level and logger on the Airflow side; what is printed goes there by itself."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    relay = RelayHandler()
    logging.getLogger().addHandler(relay)
    apply_levels(levels)
    relay.open(channel)
    relay.take_warnings()
