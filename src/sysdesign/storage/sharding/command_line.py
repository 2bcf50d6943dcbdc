"""`python -m sysdesign.storage.sharding place SHARD…` prints where keys belong; `… reshard SHARD…` moves the slots there."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from sysdesign.storage.sharding.databases import PostgresShard, SqliteShard
from sysdesign.storage.sharding.placement import Jump, Modulo, Placement, Ring
from sysdesign.storage.sharding.resharding import Resharder
from sysdesign.storage.sharding.shard import Shard
from sysdesign.storage.sharding.shards import SLOTS

ADDRESSES = "SYSDESIGN_SHARDS"
"""The variable with all shards' addresses by their names, a path or a URL each, as JSON: a command line holds no password."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="sharding", description="Place keys on shards, and move what is placed.")
    commands = parser.add_subparsers(dest="command", required=True)
    place = commands.add_parser("place", help="read keys, one a line, and print the shard of each by three placements")
    reshard = commands.add_parser(
        "reshard", help=f"move all slots to a ring of these shards; {ADDRESSES} has all shards"
    )
    for command in (place, reshard):
        command.add_argument("shards", nargs="+", metavar="SHARD")
    reshard.add_argument("--slots", type=int, default=SLOTS)
    arguments = parser.parse_args()
    if arguments.command == "place":
        keys = sys.stdin.read().split()
        print(json.dumps(placed(arguments.shards, keys)))  # noqa: T201 - what was asked for
        return

    shards = [shard_at(name, address) for name, address in json.loads(os.environ[ADDRESSES]).items()]
    Resharder(shards).run(Ring(arguments.shards, arguments.slots))


def placed(shards: list[str], keys: list[str]) -> dict[str, list[str]]:
    """Return the shards of the keys, in their order, by each placement that needs nothing but the names of the shards."""
    placements: dict[str, Placement] = {"modulo": Modulo(shards), "ring": Ring(shards), "jump": Jump(shards)}
    return {name: [placement.shard_of(key) for key in keys] for name, placement in placements.items()}


def shard_at(name: str, address: str) -> Shard:
    """Return the shard at an address: a URL is PostgreSQL, a path is SQLite."""
    return PostgresShard(name, address) if "://" in address else SqliteShard(name, Path(address))
