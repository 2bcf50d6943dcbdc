"""ping and traceroute, as the system has them (iputils, and Dmitry Butskoy's traceroute), and what they print."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess

from sysdesign.networking.latency_and_data_centers.samples import Hop, NotMeasured, Reason, Sample, Target

ANSWER = re.compile(r"icmp_seq=\d+ ttl=\d+ time=([\d.]+) ms")
REFUSALS: tuple[tuple[str, Reason], ...] = (
    ("Name or service not known", "unknown host"),
    ("Temporary failure in name resolution", "unknown host"),
    ("No address associated with hostname", "unknown host"),
    ("Network is unreachable", "no route"),
    ("Destination Net Unreachable", "no route"),
    ("Destination Host Unreachable", "unreachable"),
    ("not permitted", "not permitted"),
    ("ermission denied", "not permitted"),
    ("enough privileges", "not permitted"),
)
STEP = re.compile(r"^ *(\d+) +(?:(\*)|([\da-fA-F.:]+)  ([\d.]+) ms)", re.MULTILINE)
LONGEST_TRACE = 30
START_SECONDS = 10.0
PERMISSION = "ICMP needs CAP_NET_RAW, or a group within net.ipv4.ping_group_range (sysctl); TCP connect time needs neither: --method=tcp"
PACKAGES = {"ping": "iputils-ping", "traceroute": "traceroute"}


class SystemTools:
    """Measures with the system's own programs."""

    name = "ping"

    def ping(self, target: Target, probes: int = 5, interval: float = 0.2, patience: float = 2.0) -> Sample:
        """Return the round trips of so many echo requests, `interval` seconds apart.

        Raises:
            NotMeasured: None came back, with the reason that was told.
        """
        source = ["-I", target.source] if target.source else []
        patience_told = ["-W", f"{patience:.3f}"]
        command = ["ping", "-n", "-c", str(probes), "-i", f"{interval:.3f}", *patience_told, *source, "--", target.host]
        said = _run(command, START_SECONDS + probes * interval + 2 * patience)
        round_trips = tuple(float(milliseconds) / 1_000 for milliseconds in ANSWER.findall(said))
        if not round_trips:
            raise _refusal(target, said)
        return Sample(target, self.name, round_trips, probes)

    def trace(self, target: Target, patience: float = 2.0) -> list[Hop]:
        """Return every router on the way and the target, in their order.

        Raises:
            NotMeasured: The trace could not begin.
        """
        source = ["-s", target.source] if target.source else []
        command = ["traceroute", "-n", "-I", "-q", "1", "-w", f"{patience:.3f}", *source, "--", target.host]
        hops = read_trace(said := _run(command, START_SECONDS + LONGEST_TRACE * patience))
        if not any(hop.address for hop in hops):
            raise _refusal(target, said)
        return hops


def read_trace(text: str) -> list[Hop]:
    """Read what traceroute prints with `-n -q 1`; a star is a router that does not tell of packets that it drops."""
    return [
        Hop(int(distance), None, None) if silent else Hop(int(distance), address, float(milliseconds) / 1_000)
        for distance, silent, address, milliseconds in STEP.findall(text)
    ]


def _run(command: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as absent:
        cure = f"apt-get install {PACKAGES[command[0]]}"
        raise NotMeasured("no such program", f"{command[0]} is not on PATH ({cure})") from absent
    except PermissionError as forbidden:  # the program carries a right that this process may not have
        raise NotMeasured("not permitted", f"{command[0]}: {PERMISSION}") from forbidden
    except subprocess.TimeoutExpired as late:
        raise NotMeasured("unreachable", f"{command[0]} did not end within {seconds:.0f} s") from late
    return done.stdout


def _refusal(target: Target, said: str) -> NotMeasured:
    """Tell from a program's words why there was no answer; without a word, nobody answered."""
    for words, reason in REFUSALS:
        line = next((line for line in said.splitlines() if words in line), None)
        if line is not None:
            return NotMeasured(reason, f"{line.strip()}; {PERMISSION}" if reason == "not permitted" else line.strip())
    if not _has_route(target):  # ping is silent about it where it was told from which address to send
        return NotMeasured("no route", f"{target.host}: {os.strerror(errno.ENETUNREACH)}")
    return NotMeasured("unreachable", f"{target.host} does not answer")


def _has_route(target: Target) -> bool:
    """Tell whether this machine knows a way: to connect for datagrams looks one up, and sends nothing."""
    family, kind, _, _, address = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        return probe.connect_ex(address) != errno.ENETUNREACH
