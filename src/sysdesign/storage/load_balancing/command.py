"""The command line: a balancer as a process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import signal
from pathlib import Path
from typing import Any

import uvloop

from sysdesign.storage.load_balancing.backends import HealthRules
from sysdesign.storage.load_balancing.balancer import Balancer, Limits, Settings
from sysdesign.storage.load_balancing.policies import POLICIES

COLLECT_AFTER = 50_000
"""Objects made, and not yet gone, before Python looks for garbage: only a connection that ends leaves a little."""


def _options() -> argparse.ArgumentParser:
    """Every setting is an option of the same name: `--check-path`, `--slow-start-seconds`."""
    parser = argparse.ArgumentParser(prog="python -m sysdesign.storage.load_balancing", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--backend", action="append", default=[], metavar="HOST:PORT[*WEIGHT]", help="may be given often"
    )
    parser.add_argument("--admin", type=Path, metavar="PATH", help="the Unix socket that takes orders")
    for kind_of_settings in (Settings, Limits, HealthRules):
        for field in dataclasses.fields(kind_of_settings):
            if isinstance(field.default, str | int | float) and field.name != "checked":
                choices = POLICIES if field.name == "policy" else None
                name = f"--{field.name.replace('_', '-')}"
                parser.add_argument(name, type=type(field.default), default=field.default, choices=choices)
    return parser


def settings(**told: Any) -> Settings:
    """Return the settings with these values, whichever of the classes they belong to; the others keep their defaults."""

    def of(kind: type) -> dict[str, Any]:
        return {field.name: told[field.name] for field in dataclasses.fields(kind) if field.name in told}

    health = HealthRules(**{**of(HealthRules), "checked": bool(told.get("check_path"))})
    return Settings(**of(Settings), health=health, limits=Limits(**of(Limits)))


async def _run(options: argparse.Namespace) -> None:
    balancer = Balancer(settings(**vars(options)))
    for backend in options.backend:
        address, _, weight = backend.partition("*")
        host, _, port = address.rpartition(":")
        balancer.pool.add(host, int(port), int(weight or 1))
    serving = asyncio.ensure_future(balancer.serve(options.host, options.port, options.admin))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Run a balancer until it is told to end."""
    gc.freeze()  # what is loaded stays: no need to look through it again and again
    gc.set_threshold(COLLECT_AFTER)
    uvloop.run(_run(_options().parse_args()))
