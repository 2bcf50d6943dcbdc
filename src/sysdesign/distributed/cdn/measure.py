"""Measure: what a CDN that somebody else runs is worth, seen from here: times to first byte by way of it, and from its origin.

    python -m sysdesign.distributed.cdn measure FILE

FILE has two URLs a line, the same content by way of the CDN and from its origin; empty lines and lines that begin with # are passed over.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

ROUNDS = 5
PATIENCE_SECONDS = 10.0
TELLING = ("cache-status", "cf-cache-status", "x-cache", "age")
"""Fields in which caches tell what they did."""


class Sample(NamedTuple):
    """One request: its time to first byte [s], connecting included, and what the answer told about caches."""

    seconds: float
    status: int
    told: str


def sample(url: str) -> Sample:
    """Ask for a URL on a connection of its own. Raises OSError, or ValueError for what is no HTTP URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not an HTTP URL: {url}")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
    begin = time.perf_counter()
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        seconds = time.perf_counter() - begin
        told = ", ".join(f"{name}: {value}" for name in TELLING if (value := answer.getheader(name)))
    finally:
        connection.close()
    return Sample(seconds, answer.status, told)


def compare(edge: str, origin: str, rounds: int = ROUNDS) -> str:
    """Return a line of the table: both measured in turns, after one request that warms the edge."""
    sample(edge)
    pairs = [(sample(edge), sample(origin)) for _ in range(rounds)]
    near, far = (statistics.median(one.seconds for one in each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(there.seconds / here.seconds for here, there in pairs)
    last = pairs[-1][0]
    return f"{near * 1_000:9.1f} {far * 1_000:9.1f} {ratio:7.1f}  {last.status} {edge}  {last.told}"


def pairs_of_urls(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of a file. Raises ValueError for a line that has not two URLs."""
    told = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [(edge, origin) for edge, origin in told]


def report(file: Path) -> str:
    """Return the table for the pairs of URLs in a file."""
    rows = [compare(edge, origin) for edge, origin in pairs_of_urls(file.read_text(encoding="utf-8").splitlines())]
    return "\n".join([f"{'CDN [ms]':>9} {'origin':>9} {'ratio':>7}  CDN's answer", *rows])
