"""The map of the world: where its land is, how it is classed, and that it fetches nothing."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sysdesign import world_map

DATA = Path(world_map.__file__).with_suffix(".json")


def inside(longitude, latitude):
    """Whether a point lies on land: whether a line to the west crosses the outlines an odd number of times."""
    rings = json.loads(DATA.read_text(encoding="utf-8"))["rings"]
    crossed = 0
    for ring in rings:
        for (x, y), (to_x, to_y) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y > 10 * latitude) != (to_y > 10 * latitude):
                crossed += x + (10 * latitude - y) / (to_y - y) * (to_x - x) < 10 * longitude
    return crossed % 2 == 1


@pytest.mark.parametrize(
    ("longitude", "latitude", "land"),
    [
        (10, 50, True),
        (-100, 40, True),
        (135, -25, True),
        (170, 66, True),
        (-30, 30, False),
        (-150, 0, False),
        (80, -30, False),
    ],
    ids=["Germany", "Kansas", "Australia", "Chukotka", "Atlantic", "Pacific", "Indian Ocean"],
)
def test_the_land_is_where_it_is(longitude, latitude, land):
    """Places on land are on the map's land, and places at sea are not."""
    assert inside(longitude, latitude) == land


@pytest.mark.parametrize(
    ("values", "limits"),
    [([], [1.0]), ([0.0], [1.0]), ([3, 180.5], [50, 100, 150, 200]), ([7.9], [2, 4, 6, 8]), ([1_000], [500, 1_000])],
    ids=["none", "nothing", "hundreds", "ones", "a round number"],
)
def test_classes_have_round_limits_that_hold_all_values(values, limits):
    """Arcs are coloured by at most four classes, which end at round numbers."""
    assert world_map.bounds(values) == pytest.approx(limits)


def test_the_shortest_way_over_the_date_line_leaves_the_map_on_one_side_and_comes_back_on_the_other():
    """An arc from Tokyo to San Francisco is drawn in two parts, and goes north of both."""
    west, east = world_map.great_circle((35.7, 139.7), (37.8, -122.4))

    assert west[-1][1] > 170
    assert east[0][1] < -170
    assert max(latitude for latitude, _ in [*west, *east]) > 45


def test_a_map_stands_alone_and_fetches_nothing():
    """A map is one well-formed picture with its title, which names nothing outside itself, whatever its places are called."""
    places = {"<script>": (0.0, 0.0), "B & C": (10.0, 20.0)}
    drawn = world_map.draw(places, [world_map.Arc("<script>", "B & C", 5)], "a < b", "c & d")
    picture = ET.fromstring(drawn)  # noqa: S314 - our own

    assert [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")] == list(places)
    assert picture.find("{http://www.w3.org/2000/svg}title").text == "a < b"
    assert drawn.count("http") == 1  # the name of the format
    assert "href" not in drawn
