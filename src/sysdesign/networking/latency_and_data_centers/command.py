"""`python -m sysdesign.networking.latency_and_data_centers --online FILE`: measures hosts that somebody names, and draws them on a map.

Each line of the file has a name, the latitude and longitude of where it stands, and the host; the first line is where we are, and needs no
host. Commas separate, and what follows a # is not read:

    Frankfurt, 50.11,  8.68
    London,    51.51, -0.13, www.example.org
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysdesign import world_map
from sysdesign.networking.latency_and_data_centers.geography import Place, least_round_trip
from sysdesign.networking.latency_and_data_centers.icmp import Icmplib
from sysdesign.networking.latency_and_data_centers.samples import NotMeasured, Sample, Target
from sysdesign.networking.latency_and_data_centers.survey import Engine, survey
from sysdesign.networking.latency_and_data_centers.system_tools import SystemTools
from sysdesign.networking.latency_and_data_centers.tcp import TcpConnects

METHODS: dict[str, type[Engine]] = {"ping": SystemTools, "icmplib": Icmplib, "tcp": TcpConnects}


@dataclass(frozen=True)
class Site:
    """Where something stands, and by which host it is reached; none for where we are."""

    name: str
    place: Place
    host: str = ""


def read_sites(text: str) -> list[Site]:
    """Read the file's text: where we are, and then the others.

    Raises:
        ValueError: A line is not as it should be; the message has its number.
    """
    sites: list[Site] = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = [field.strip() for field in line.partition("#")[0].split(",")]
        if fields == [""]:
            continue
        if not 3 <= len(fields) <= 4 or (sites and not fields[3:]) or not fields[0]:
            raise ValueError(f"line {number}: expected name, latitude, longitude, host: {line.strip()!r}")
        try:
            sites.append(Site(fields[0], Place(float(fields[1]), float(fields[2])), *fields[3:]))
        except ValueError as wrong:
            raise ValueError(f"line {number}: {wrong}") from wrong
        if sites[-1].host.startswith("-") or fields[0] in {site.name for site in sites[:-1]}:
            raise ValueError(f"line {number}: {fields[0]} is there twice, or its host begins with a dash")
    if len(sites) < 2:
        raise ValueError("expected where we are, and at least one host")
    return sites


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write the map and the figures beside each other."""
    parser = argparse.ArgumentParser(
        prog="latency_and_data_centers", description="Measure hosts and draw them on a map."
    )
    parser.add_argument(
        "--online", type=Path, required=True, metavar="FILE", help="name, latitude, longitude, host a line"
    )
    parser.add_argument("--method", choices=METHODS, help="how to measure; the first that may, where it is not told")
    parser.add_argument("--port", type=int, default=443, help="for TCP")
    parser.add_argument("--source", help="the address of ours to measure from")
    parser.add_argument(
        "--map", type=Path, default=Path("latency_map.svg"), help="where the map is written (and .json beside it)"
    )
    parser.add_argument("--probes", type=int, default=5, help="how many for each host")
    parser.add_argument("--interval", type=float, default=0.2, help="seconds between probes")
    given = parser.parse_args(arguments)
    try:
        here, *others = read_sites(given.online.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        parser.error(str(wrong))
    methods = [given.method] if given.method else list(METHODS)
    found = measured(
        [Target(site.host, given.port, given.source) for site in others], methods, given.probes, given.interval
    )
    rows = [_row(here, site, result) for site, result in zip(others, found, strict=True)]
    for row in rows:
        print(_line(row))  # noqa: T201 - a command
    given.map.write_text(_drawn(here, others, rows), encoding="utf-8")
    given.map.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if any("round_trip_ms" in row for row in rows) else 1


def measured(
    targets: Sequence[Target], methods: Sequence[str], probes: int, interval: float
) -> list[Sample | NotMeasured]:
    """Measure all with the first method that is there and may; say so where one is not."""
    results: list[Sample | NotMeasured] = []
    for method in methods:
        results = survey(METHODS[method](), targets, probes, interval)
        missing = [
            why
            for why in results
            if isinstance(why, NotMeasured) and why.reason in {"not permitted", "no such program"}
        ]
        if not missing:
            break
        print(f"{method}: {missing[0]}")  # noqa: T201 - a command
    return results


def _row(here: Site, site: Site, result: Sample | NotMeasured) -> dict[str, Any]:
    least = 1_000 * least_round_trip(here.place, site.place)
    row: dict[str, Any] = {"from": here.name, "to": site.name, "host": site.host, "light_in_fibre_ms": round(least, 2)}
    if isinstance(result, NotMeasured):
        return {**row, "not_measured": str(result)}
    times = {"round_trip_ms": result.typical, "least_ms": result.least, "tail_ms": result.tail}
    told = {name: round(1_000 * seconds, 3) for name, seconds in times.items()}
    return {**row, "method": result.method, **told, "loss": round(result.loss, 3)}


def _line(row: dict[str, Any]) -> str:
    name = f"{row['to']:<24} {row['host']:<32}"
    if "not_measured" in row:
        return f"{name} {row['not_measured']}"
    times = f"median {row['round_trip_ms']:8.1f} ms   99 % {row['tail_ms']:8.1f} ms   lost {row['loss']:4.0%}"
    return f"{name} {times}   light {row['light_in_fibre_ms']:7.1f} ms   by {row['method']}"


def _drawn(here: Site, others: Sequence[Site], rows: Sequence[dict[str, Any]]) -> str:
    places = {site.name: (site.place.latitude, site.place.longitude) for site in (here, *others)}
    arcs = [world_map.Arc(row["from"], row["to"], row["round_trip_ms"]) for row in rows if "round_trip_ms" in row]
    seen = "; ".join(f"{arc.destination} {arc.value:g} ms" for arc in arcs)
    return world_map.draw(places, arcs, f"Round trips from {here.name}", f"Medians: {seen}.", width=1_000)
