"""`python -m tools.base_map`: draw src/sysdesign/world_map.json anew: the land of Natural Earth (public domain), from npm.

The package world-atlas (ISC licence) has it at a scale of 1:110 million, as TopoJSON. It is unpacked into plain rings here, in tenths of a
degree: a pixel of the largest map that is drawn from it is half a degree wide.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from itertools import accumulate
from pathlib import Path
from typing import Any

from tools.npm import fetched

PACKAGE = "world-atlas@2.0.2"
INTEGRITY = "IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ=="
TARGET = Path(__file__).resolve().parent.parent / "src" / "sysdesign" / "world_map.json"
HALF_TURN, ANTARCTICA = 1_800, -600
SOURCE = (
    "Natural Earth 4.1, land at 1:110 000 000 (public domain), by way of world-atlas 2.0.2 (npm); tenths of a degree"
)


def rings(topology: dict[str, Any]) -> list[list[list[int]]]:
    """Return the outlines of a topology's land as rings of longitude and latitude, in tenths of a degree."""
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]

    def arc(index: int) -> list[list[int]]:
        steps = topology["arcs"][index if index >= 0 else ~index]
        points = accumulate(steps, lambda before, step: [before[0] + step[0], before[1] + step[1]])
        degrees = [[round(10 * (point[axis] * scale[axis] + translate[axis])) for axis in (0, 1)] for point in points]
        return degrees if index >= 0 else degrees[::-1]

    outlines = []
    for land in topology["objects"]["land"]["geometries"]:
        for ring in (ring for polygon in land["arcs"] for ring in polygon):
            outlines += within_the_edges([point for index in ring for point in arc(index)])
    return [ring for ring in outlines if max(latitude for _, latitude in ring) > ANTARCTICA]


def within_the_edges(ring: list[list[int]]) -> list[list[list[int]]]:
    """Return a ring that crosses the map's edge as two that end there, without points that are there twice."""
    whole, turns = [ring[0]], 0
    for before, point in itertools.pairwise(ring):
        turns += (before[0] - point[0] > HALF_TURN) - (point[0] - before[0] > HALF_TURN)
        whole.append([point[0] + turns * 2 * HALF_TURN, point[1]])
    found = []
    for shift in (-2 * HALF_TURN, 0, 2 * HALF_TURN):
        kept = [[max(-HALF_TURN, min(HALF_TURN, longitude + shift)), latitude] for longitude, latitude in whole]
        if len({longitude for longitude, _ in kept}) > 1:
            found.append([point for at, point in enumerate(kept) if at == 0 or point != kept[at - 1]])
    return found


def main() -> None:
    """Fetch the data and write them down."""
    with tempfile.TemporaryDirectory() as folder:
        topology = json.loads((fetched(PACKAGE, INTEGRITY, Path(folder)) / "land-110m.json").read_text())
    drawn = json.dumps({"source": SOURCE, "rings": rings(topology)}, separators=(",", ":"))
    TARGET.write_text(drawn.replace("]],[[", "]],\n[[") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
