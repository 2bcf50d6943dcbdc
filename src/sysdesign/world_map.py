"""A map of the world with arcs on it, as a vector picture: for the handbook, and for whoever measures real hosts.

The land is Natural Earth's and lies beside this module (tools/base_map.py tells how it came there): nothing is fetched. Colours are
those of the page that the picture stands in, and have their own where it stands alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
"""Latitude and longitude in degrees, or x and y in units of the picture."""

Box: TypeAlias = tuple[float, float, float, float]

NORTH, SOUTH = 84.0, -58.0
"""What is shown: nobody measures the poles."""
FONT_SIZE, CHARACTER_WIDTH = 12, 7.2
ARC_STEPS = 48
CLASSES = 4
STROKES = (
    (3, "#1d7a55", ""),
    (1, "#1f6fb2", "7 2"),
    (5, "#8f6a00", "4 2"),
    (2, "#c4451c", "1.5 2"),
)
"""A class's hue among those of the handbook, its own colour, and its dashes, for those who cannot tell the colours."""


@dataclass(frozen=True)
class Arc:
    """A connection between two places, and the value that colours it."""

    origin: str
    destination: str
    value: float


def bounds(values: Iterable[float]) -> list[float]:
    """Return the upper bounds of up to four equal classes, in round numbers, that hold all values."""
    largest = max(values, default=0.0)
    if largest <= 0:
        return [1.0]
    power = 10.0 ** math.floor(math.log10(largest / CLASSES))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step * CLASSES >= largest)
    return [step * (number + 1) for number in range(math.ceil(largest / step))]


def class_of(value: float, limits: Sequence[float]) -> int:
    """Return which class a value belongs to."""
    return next((number for number, limit in enumerate(limits) if value <= limit), len(limits) - 1)


def great_circle(one: Point, other: Point) -> list[list[Point]]:
    """Return the shortest way between two places as lines of latitude and longitude, in two where it crosses the map's edge."""
    ends = [(math.radians(latitude), math.radians(longitude)) for latitude, longitude in (one, other)]
    first, second = [(math.cos(n) * math.cos(e), math.cos(n) * math.sin(e), math.sin(n)) for n, e in ends]
    angle = 2 * math.asin(min(1.0, math.dist(first, second) / 2))
    lines: list[list[Point]] = [[]]
    for step in range(ARC_STEPS + 1):
        share = step / ARC_STEPS
        weights = (math.sin((1 - share) * angle), math.sin(share * angle)) if angle else (1.0, 0.0)
        x, y, z = (weights[0] * a + weights[1] * b for a, b in zip(first, second, strict=True))
        point = (math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x)))
        if lines[-1] and abs(point[1] - lines[-1][-1][1]) > 180:
            lines.append([])
        lines[-1].append(point)
    return lines


@cache
def _land() -> list[list[tuple[int, int]]]:
    rings: list[list[tuple[int, int]]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))["rings"]
    return rings


def draw(
    places: Mapping[str, Point],
    arcs: Sequence[Arc],
    title: str,
    description: str,
    *,
    width: int = 680,
    identity: str = "map",
) -> str:
    """Return the map as an SVG element that stands alone or in a page.

    Args:
        places: Latitude and longitude of each place, by its name.
        arcs: What connects them; one that ends where it begins is not drawn.
        title: Its title, for those who cannot see it.
        description: What is to be seen, for the same.
        width: Its width, in units; letters are as large on a small map as on a large one.
        identity: What its ids begin with, unique in a page.
    """
    height = round(width * (NORTH - SOUTH) / 360)
    limits = bounds(arc.value for arc in arcs)

    def flat(point: Point) -> Point:
        return (point[1] + 180) * width / 360, (NORTH - point[0]) * width / 360

    ordered = sorted(arcs, key=lambda arc: -arc.value)  # short ones lie on top
    body = [f'<path d="{_outlines(width)}" fill="var(--chart-grid, #d8dde3)" fill-rule="evenodd"/>']
    for arc in ordered:
        if arc.origin != arc.destination:
            lines = great_circle(places[arc.origin], places[arc.destination])
            body.append(_stroke([[flat(point) for point in line] for line in lines], class_of(arc.value, limits)))
    body += _labels({name: flat(point) for name, point in places.items()}, width, height)
    named = (
        f'<title id="{identity}-title">{escape(title)}</title><desc id="{identity}-desc">{escape(description)}</desc>'
    )
    attributes = f'viewBox="0 0 {width} {height}" role="img" style="overflow:hidden" aria-labelledby="{identity}-title {identity}-desc"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{named}{"".join(body)}</svg>'


def _outlines(width: int) -> str:
    """Return the land as a path; points nearer to each other than half a unit are one."""
    parts = []
    for ring in _land():
        kept: list[Point] = []
        if max(latitude for _, latitude in ring) <= 10 * SOUTH:
            continue
        for longitude, tenths in ring:
            latitude = min(NORTH, max(SOUTH, tenths / 10))
            x, y = (longitude / 10 + 180) * width / 360, (NORTH - latitude) * width / 360
            if not kept or math.dist(kept[-1], (x, y)) >= 0.5:
                kept.append((x, y))
        if len(kept) > 2:
            parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept) + "Z")
    return "".join(parts)


def _stroke(lines: list[list[Point]], number: int) -> str:
    hue, alone, dashes = STROKES[number % len(STROKES)]
    path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line) for line in lines)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="{path}" fill="none" stroke="var(--chart-{hue}, {alone})" stroke-width="1.4"{dashed}/>'


def _labels(points: Mapping[str, Point], width: int, height: int) -> Iterator[str]:
    """Mark each place and write its name beside it, where it covers no other's."""
    taken: list[Box] = [(x - 3, y - 3, x + 3, y + 3) for x, y in points.values()]
    for name, (x, y) in points.items():
        long = len(name) * CHARACTER_WIDTH
        corners = [(x + 6, y + 4), (x - 6 - long, y + 4), (x - long / 2, y - 7), (x - long / 2, y + 16)]
        boxes = [(left, base - FONT_SIZE + 2, left + long, base + 3) for left, base in corners]
        inside = [
            at for at, box in enumerate(boxes) if box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
        ]
        free = [at for at in inside if not any(_overlap(boxes[at], other) for other in taken)]
        best = next(iter([*free, *inside, 0]))
        taken.append(boxes[best])
        left, base = corners[best]
        halo = 'paint-order="stroke" stroke="var(--color-background-primary, #fff)" stroke-width="3"'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor"/>'
        style = f'font-size="{FONT_SIZE}" font-family="inherit, sans-serif" fill="currentColor"'
        yield f'<text x="{left:.1f}" y="{base:.1f}" {style} {halo}>{escape(name)}</text>'


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
