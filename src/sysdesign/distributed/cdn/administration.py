"""Administration: the Unix socket by which its owner tells an edge to forget."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

from sysdesign.distributed.cdn.edge import Edge
from sysdesign.storage.load_balancing.balancer import private_socket


async def administer(edge: Edge, path: Path) -> asyncio.Server:
    """Listen at `path`, which this user alone can open: one line a connection, answered by a line of JSON.

    `purge HOST PATH` and `purge-tag TAG` are answered by the number of stored responses that were forgotten.
    """

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            match (await reader.readline()).decode().split():
                case ["purge", host, target]:
                    answer: object = edge.purge((host.lower(), target))
                case ["purge-tag", tag]:
                    answer = edge.purge_tag(tag)
                case words:
                    answer = {"error": words}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()

    return await asyncio.start_unix_server(obey, sock=private_socket(path))
