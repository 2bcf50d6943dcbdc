"""The command line: an edge as a process, or a measurement of edges that others run."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import signal
import sys
from pathlib import Path

import uvloop

from sysdesign.distributed.cdn.edge import Edge
from sysdesign.distributed.cdn.measure import report
from sysdesign.distributed.cdn.origin import Origin
from sysdesign.distributed.cdn.server import Server
from sysdesign.distributed.cdn.settings import Settings


def _options() -> argparse.ArgumentParser:
    """Every setting is an option of the same name: `--stale-seconds`."""
    parser = argparse.ArgumentParser(prog="python -m sysdesign.distributed.cdn", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--origin", metavar="HOST:PORT", required=True, help="the origin, or an edge that shields it")
    parser.add_argument("--admin", type=Path, metavar="PATH", help="the Unix socket that takes orders")
    for field in dataclasses.fields(Settings):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=type(field.default), default=field.default)
    return parser


async def _run(options: argparse.Namespace) -> None:
    told = vars(options)
    settings = Settings(**{field.name: told[field.name] for field in dataclasses.fields(Settings)})
    host, _, port = options.origin.rpartition(":")
    origin = Origin(host, int(port), settings.connect_seconds, settings.response_seconds)
    server = Server(Edge(settings, origin), settings)
    serving = asyncio.ensure_future(server.serve(options.host, options.port, options.admin))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Run an edge until it is told to end; or, for `measure FILE`, print a table and end."""
    match sys.argv[1:]:
        case ["measure", file]:
            print(report(Path(file)))  # noqa: T201 - what the command is for
        case _:
            uvloop.run(_run(_options().parse_args()))
