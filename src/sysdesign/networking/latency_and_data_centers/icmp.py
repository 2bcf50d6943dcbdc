"""Echo requests by icmplib, for where the system has no ping: the same packets, without another process."""

from __future__ import annotations

import errno
import itertools
import os
import select
import time
from typing import TYPE_CHECKING

from sysdesign.networking.latency_and_data_centers.samples import Hop, NotMeasured, Reason, Sample, Target
from sysdesign.networking.latency_and_data_centers.system_tools import PERMISSION

if TYPE_CHECKING:
    from icmplib import ICMPReply, ICMPv4Socket, ICMPv6Socket

NET_UNREACHABLE = 0
"""The code with which a router says that it knows no way to the network (RFC 792; the same number in RFC 4443)."""

_numbers = itertools.count(os.getpid())


class Icmplib:
    """Measures with ICMP from this process."""

    name = "icmplib"

    def ping(self, target: Target, probes: int = 5, interval: float = 0.2, patience: float = 2.0) -> Sample:
        """Return the round trips of so many echo requests, sent `interval` seconds apart whether or not they are answered.

        Raises:
            NotMeasured: None came back, with the reason that was told.
        """
        import icmplib

        address = _address(target.host)
        with _socket(address, target.source) as wire:
            try:
                replies = _exchange(wire, address, probes, interval, patience)
            except icmplib.ICMPSocketError as refused:
                raise _local_refusal(target, refused) from refused
        round_trips = []
        for sent, reply in replies:
            try:
                reply.raise_for_status()
            except icmplib.DestinationUnreachable as told:
                reason: Reason = "no route" if reply.code == NET_UNREACHABLE else "unreachable"
                raise NotMeasured(reason, f"{target.host}: {reply.source} says: {told}") from told
            except icmplib.ICMPError:
                continue
            round_trips.append(reply.time - sent)
        if not round_trips:
            raise NotMeasured("unreachable", f"{target.host} does not answer")
        return Sample(target, self.name, tuple(round_trips), probes)

    def trace(self, target: Target, patience: float = 2.0) -> list[Hop]:
        """Return every router on the way and the target, in their order.

        Raises:
            NotMeasured: The trace could not begin.
        """
        import icmplib

        address = _address(target.host)
        try:
            found = icmplib.traceroute(address, count=1, interval=0, timeout=patience, source=target.source)
        except icmplib.SocketPermissionError as forbidden:
            raise NotMeasured("not permitted", PERMISSION) from forbidden
        if not found:
            raise NotMeasured("no route", f"nobody on the way to {target.host} answers")
        answering = {hop.distance: hop for hop in found}
        return [
            Hop(distance, hop.address, hop.min_rtt / 1_000)
            if (hop := answering.get(distance))
            else Hop(distance, None, None)
            for distance in range(1, max(answering) + 1)
        ]


def _address(host: str) -> str:
    import icmplib

    try:
        return str(icmplib.resolve(host)[0])
    except icmplib.NameLookupError as unknown:
        raise NotMeasured("unknown host", f"{host} has no address") from unknown


def _socket(address: str, source: str | None) -> ICMPv4Socket | ICMPv6Socket:
    """Open a socket for ICMP: a raw one, which hears of errors too, or else the kind that needs no right but a group."""
    import icmplib

    kind = icmplib.ICMPv6Socket if icmplib.is_ipv6_address(address) else icmplib.ICMPv4Socket
    try:
        return kind(address=source)
    except icmplib.SocketPermissionError:
        try:
            return kind(address=source, privileged=False)
        except icmplib.SocketPermissionError as forbidden:
            raise NotMeasured("not permitted", PERMISSION) from forbidden


def _exchange(
    wire: ICMPv4Socket | ICMPv6Socket, address: str, probes: int, interval: float, patience: float
) -> list[tuple[float, ICMPReply]]:
    """Send the requests in their time, and return what came back with the time at which its request left."""
    import icmplib

    number = next(_numbers) & 0xFFFF  # a raw socket hears the answers to everybody's requests
    begin = time.monotonic()
    sent: dict[int, float] = {}
    replies: dict[int, tuple[float, ICMPReply]] = {}
    end = begin + (probes - 1) * interval + patience
    while len(replies) < probes:
        now = time.monotonic()
        if len(sent) < probes and now >= begin + len(sent) * interval:
            request = icmplib.ICMPRequest(address, number, len(sent))
            wire.send(request)
            number, sent[request.sequence] = request.id, request.time  # the kernel may give another number
            continue
        until = begin + len(sent) * interval if len(sent) < probes else end
        if now >= end:
            break
        # What came behind the end of its own patience the library would drop: so it is asked only for what is there.
        if not select.select([wire.sock], [], [], max(0.0, until - now))[0]:
            continue
        try:
            reply = wire.receive(timeout=patience)
        except icmplib.TimeoutExceeded:
            continue
        if reply.id == number and reply.sequence in sent:
            replies[reply.sequence] = (sent[reply.sequence], reply)
    return list(replies.values())


def _local_refusal(target: Target, refused: Exception) -> NotMeasured:
    cause = refused.__context__
    known = isinstance(cause, OSError) and cause.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}
    return NotMeasured("no route" if known else "unreachable", f"{target.host}: {refused}")
