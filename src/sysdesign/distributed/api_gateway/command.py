"""The command line: a gateway as a process, which reads its configuration again when it is told to (SIGHUP)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from pathlib import Path

import uvloop

from sysdesign.distributed.api_gateway.configuration import parse
from sysdesign.distributed.api_gateway.gateway import Gateway

COLLECT_AFTER = 50_000
"""Objects made, and not yet gone, before Python looks for garbage: only a connection that ends leaves a little."""


async def _run(options: argparse.Namespace) -> None:
    gateway = Gateway(parse(options.config.read_bytes()))

    def reload() -> None:
        try:
            gateway.load(parse(options.config.read_bytes()))
        except (OSError, ValueError) as error:
            print(f"the configuration stays as it was: {error}", file=sys.stderr, flush=True)  # noqa: T201
            gateway.metrics.reloads["refused"] += 1
        else:
            gateway.metrics.reloads["taken"] += 1

    serving = asyncio.ensure_future(gateway.serve(options.host, options.port))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reload)
    loop.add_signal_handler(signal.SIGTERM, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Run a gateway until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m sysdesign.distributed.api_gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the configuration, as JSON")
    options = parser.parse_args()
    gc.freeze()  # what is loaded stays: no need to look through it again and again
    gc.set_threshold(COLLECT_AFTER)
    uvloop.run(_run(options))
