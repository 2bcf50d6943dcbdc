"""The command line: a node of the chat as a process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import os
import signal
from typing import Any

import uvloop

from .chat import Manners
from .connection import Limits
from .node import Node, Settings

REDIS, SECRET = "CHAT_REDIS", "CHAT_SECRET"
"""Variables with the address of Redis and the secret of the passes: other users can read a command line."""
COLLECT_AFTER = 50_000
"""Objects made, and not yet gone, before Python looks for garbage."""


def _options() -> argparse.ArgumentParser:
    """Every setting is an option of the same name: `--kept`, `--ping-seconds`."""
    parser = argparse.ArgumentParser(prog="python -m sysdesign.distributed.websockets", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--origin", action="append", default=[], help="the origin of pages that may connect")
    parser.add_argument("--room", action="append", default=[], help="a room that there is to be")
    for kind in (Settings, Limits, Manners):
        for setting in dataclasses.fields(kind):
            if isinstance(setting.default, str | int | float):
                name = f"--{setting.name.replace('_', '-')}"
                parser.add_argument(name, type=type(setting.default), default=setting.default)
    return parser


def _settings(told: dict[str, Any]) -> Settings:
    def of(kind: type) -> dict[str, Any]:
        return {one.name: told[one.name] for one in dataclasses.fields(kind) if one.name in told}

    return Settings(**of(Settings), limits=Limits(**of(Limits)), manners=Manners(**of(Manners)))


async def _run(options: argparse.Namespace) -> None:
    node = Node(os.environ[REDIS], os.environ[SECRET], options.origin, _settings(vars(options)))
    running = asyncio.ensure_future(node.run(options.host, options.port, options.room))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> None:
    """Run a node until it is told to end (SIGTERM)."""
    options = _options().parse_args()
    gc.freeze()  # what is loaded stays: no need to look through it again and again
    gc.set_threshold(COLLECT_AFTER)
    uvloop.run(_run(options))
