"""An authoritative server: zones from files, over UDP and TCP; SIGHUP lets it read them again."""

from __future__ import annotations

import argparse
import asyncio
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.zone

from sysdesign.networking.dns.zones import Zones

IDLE_SECONDS = 10.0
"""So long may a connection say nothing (RFC 7766 §6.2.3)."""


def load(files: dict[str, Path]) -> Zones:
    """Read zones from files by the zones' names. Raises dns.exception.DNSException or OSError."""
    return Zones(
        dns.zone.from_text(path.read_text(encoding="utf-8"), origin=name, relativize=False)
        for name, path in files.items()
    )


class ZoneServer:
    """Answers from zones that can be changed while it runs."""

    def __init__(self, zones: Zones) -> None:
        self.zones = zones

    def reply(self, packet: bytes, *, udp: bool) -> bytes | None:
        """Return the response to a packet; None where there should be none: to what is no query at all."""
        try:
            query = dns.message.from_wire(packet)
        except (dns.exception.DNSException, ValueError):
            if len(packet) < 12 or packet[2] & 0x80:
                return None
            return packet[:2] + struct.pack("!BB8x", 0x80 | packet[2] & 0x79, dns.rcode.FORMERR)
        if query.flags & dns.flags.QR:  # two servers that answer each other's answers never end
            return None
        return self.zones.wire(query, udp=udp)

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Listen on both; return when questions can come."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Datagrams(self.reply), (host, port))
        return await asyncio.start_server(self._converse, host, port)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one connection until it ends or says nothing for too long."""
        try:
            while True:
                async with asyncio.timeout(IDLE_SECONDS):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    packet = await reader.readexactly(length)
                response = self.reply(packet, udp=False)
                if response is None:
                    return
                writer.write(struct.pack("!H", len(response)) + response)
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    """Replies to each datagram by itself."""

    def __init__(self, reply: Callable[..., bytes | None]) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Reply to whoever has asked."""
        if (response := self._reply(data, udp=True)) is not None:
            self._transport.sendto(response, addr)


async def run(files: dict[str, Path], host: str, port: int) -> None:
    """Serve until the end; a zone that cannot be read again leaves the old ones in place, and is told."""
    server = ZoneServer(load(files))

    def reload() -> None:
        try:
            server.zones = load(files)
        except (dns.exception.DNSException, OSError) as refusal:
            print(f"the zones stay as they were: {refusal!r}", file=sys.stderr, flush=True)  # noqa: T201 - its log

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    async with await server.serve(host, port) as listening:
        await listening.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m sysdesign.networking.dns", description="An authoritative server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, required=True, help="port, for UDP and TCP")
    parser.add_argument("--zone", action="append", default=[], metavar="NAME=FILE", help="a zone and its file")
    told = parser.parse_args(arguments)
    files = {name: Path(path) for name, _, path in (zone.partition("=") for zone in told.zone)}
    asyncio.run(run(files, told.host, told.port))
