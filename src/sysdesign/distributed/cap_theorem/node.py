"""The process: one node of either kind, with its disk, its clock and its wires."""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from pathlib import Path

from sysdesign.distributed.cap_theorem.available import AvailableNode
from sysdesign.distributed.cap_theorem.consistent import DEFAULT_TIMES, ConsistentNode
from sysdesign.distributed.cap_theorem.disk import Journal
from sysdesign.distributed.cap_theorem.network import Wires, serve
from sysdesign.storage.replication.wire import Address


async def run(
    name: str,
    mode: str,
    address: Address,
    peers: dict[str, Address],
    directory: Path,
    *,
    skew_seconds: float = 0.0,
    slowness: float = 1.0,
) -> None:
    """Run a node for ever.

    Args:
        name: What the others call it.
        mode: `consistent` or `available`.
        address: Where it listens.
        peers: Where it reaches the others.
        directory: Where its journal lies.
        skew_seconds: By how much its clock is ahead of the machine's.
        slowness: By how much all takes longer than among processes of one machine.
    """
    wires, journal, chance = Wires(name, peers), Journal(directory / "journal"), random.Random()
    node: ConsistentNode | AvailableNode
    if mode == "consistent":
        node = ConsistentNode(
            name, wires, journal, lambda: time.monotonic() + skew_seconds, chance, DEFAULT_TIMES.scaled(slowness)
        )
    else:
        node = AvailableNode(name, wires, journal, lambda: time.time() + skew_seconds, chance)
    offered = {"read": node.read, "write": node.write, "swap": node.swap, "status": node.status}
    await asyncio.gather(wires.connect(), node.work(), serve(address, offered, node.receive))


def main() -> None:
    """Run a node: `python -m sysdesign.distributed.cap_theorem --name n1 --mode consistent --port 20001 --peer n2=127.0.0.1:20002`."""
    parser = argparse.ArgumentParser(prog="cap_theorem", description="A node of a key-value store that is CP or AP")
    parser.add_argument("--name", required=True)
    parser.add_argument("--mode", choices=("consistent", "available"), required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=HOST:PORT")
    parser.add_argument("--directory", type=Path, default=Path())
    parser.add_argument("--skew-seconds", type=float, default=0.0, help="by how much its clock is ahead")
    parser.add_argument(
        "--slowness", type=float, default=1.0, help="by how much the network is slower than one machine"
    )
    options = parser.parse_args()
    peers: dict[str, Address] = {}
    for peer in options.peer:
        name, _, where = peer.partition("=")
        host, _, port = where.rpartition(":")
        peers[name] = host, int(port)
    address = options.host, options.port
    told = {"skew_seconds": options.skew_seconds, "slowness": options.slowness}
    asyncio.run(run(options.name, options.mode, address, peers, options.directory, **told))
