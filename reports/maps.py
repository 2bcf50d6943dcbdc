"""Maps of the world, with arcs coloured by what was measured between places."""

from typing import Any

from markupsafe import Markup

from reports.figures import number
from sysdesign import world_map


def draw_map(chart: dict[str, Any], width: int, identity: str) -> Markup:
    """Draw a map for a width of the page."""
    places = {place["name"]: (place["latitude"], place["longitude"]) for place in chart["places"]}
    arcs = [world_map.Arc(arc["from"], arc["to"], arc["value"]) for arc in chart["arcs"]]
    description = f"{chart['caption']} Shown: {', '.join(places)}. The data are in the table below the picture."
    drawn = world_map.draw(places, arcs, chart["title"], description, width=width, identity=identity)
    return Markup(drawn)  # noqa: S704 - it has escaped what it was given


def classes_of(chart: dict[str, Any]) -> dict[str, int]:
    """The hues of a map's arcs, by what they mean."""
    limits = world_map.bounds(arc["value"] for arc in chart["arcs"])
    unit = chart["value"].get("unit", "")
    names = [f"{number(low)}–{number(high)} {unit}".strip() for low, high in zip([0.0, *limits], limits, strict=False)]
    return {name: world_map.STROKES[at % len(world_map.STROKES)][0] for at, name in enumerate(names)}


def connections_of(chart: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The rows of a map's data."""
    return tuple((arc["from"], arc["to"], number(arc["value"])) for arc in chart["arcs"])
