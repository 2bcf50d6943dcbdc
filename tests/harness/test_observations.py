"""Observations: values and pictures are kept as they were seen, in the form that the handbook reads."""

import base64
import json

import jsonschema
import pytest

from fixtures.observations import Draw, Observe, Record
from fixtures.processes import ROOT

SCHEMA = ROOT / "reports" / "run.schema.json"


@pytest.fixture
def record():
    return Record()


def valid(kind, rows):
    """Hold rows to their definition in the published schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    definition = schema["$defs"]["test"]["properties"][kind]
    jsonschema.validate(rows, {"$defs": schema["$defs"], **definition})
    return rows


@pytest.mark.parametrize(
    ("seen", "kept"),
    [(20, 20), (20.0, 20), (0.25, 0.25), ("B-tree", "B-tree"), (True, True), (0, 0), (-3, -3)],
    ids=["integer", "whole", "fraction", "word", "truth", "nothing", "negative"],
)
def test_a_value_is_kept_with_its_unit(record, seen, kept):
    """A value is kept as it is, a whole number as a whole number, with what it is and its unit."""
    Observe(record)("pages read", seen, "pages")
    assert valid("observations", record.observations) == [{"what": "pages read", "value": kept, "unit": "pages"}]
    assert type(record.observations[0]["value"]) is type(kept)


def test_a_value_of_numpy_becomes_a_plain_number(record):
    """What a library computed can be written to run.json like any other number."""
    numpy = pytest.importorskip("numpy")
    Observe(record)("exponent", numpy.float64(0.125))
    Observe(record)("rows", numpy.int64(7))
    assert json.loads(json.dumps([one["value"] for one in record.observations])) == [0.125, 7]


def test_the_order_of_seeing_is_kept(record):
    """Observations stand in the order in which they were made."""
    observe = Observe(record)
    for number in range(5):
        observe(f"step {number}", number)
    assert [one["value"] for one in record.observations] == list(range(5))


def test_a_chart_keeps_its_data(record):
    """A picture is its data: series, axes with units and scales, marks and bands."""
    Draw(record)(
        "Pages read by rows",
        "The tree grows slowly.",
        {"scan": [(1_000, 12), (10_000, 120)], "search": [(1_000, 2), (10_000, 3)]},
        x="rows",
        y="pages read [pages]",
        log="xy",
        marks={"here": 5_000.0},
        bands={"cached": (1_000.0, 2_000.0)},
    )
    (chart,) = valid("charts", record.charts)
    assert chart["kind"] == "line"
    assert chart["x"] == {"label": "rows", "unit": "", "log": True}
    assert chart["y"] == {"label": "pages read", "unit": "pages", "log": True}
    assert chart["series"][1] == {"name": "search", "points": [[1_000, 2], [10_000, 3]]}
    assert chart["marks"] == [{"x": 5_000.0, "label": "here"}]
    assert chart["bands"] == [{"from": 1_000.0, "to": 2_000.0, "label": "cached"}]


def test_a_map_keeps_its_places_and_what_connects_them(record):
    """A map of the world has places, arcs between them with their values, and no arc that ends nowhere."""
    places = {"Frankfurt": (50.11, 8.68), "Tokyo": (35.68, 139.69)}
    Draw(record).map("title", "caption", places, [("Frankfurt", "Tokyo", 180.5)], "RTT [ms]")
    (chart,) = valid("charts", record.charts)
    assert chart["value"] == {"label": "RTT", "unit": "ms", "log": False}
    assert chart["places"][1] == {"name": "Tokyo", "latitude": 35.68, "longitude": 139.69}
    assert chart["arcs"] == [{"from": "Frankfurt", "to": "Tokyo", "value": 180.5}]
    with pytest.raises(ValueError, match="an arc ends nowhere"):
        Draw(record).map("title", "caption", places, [("Frankfurt", "Atlantis", 1)], "RTT [ms]")


@pytest.mark.parametrize("kind", ["step", "points", "bars"])
def test_each_kind_of_chart_fits_the_schema(record, kind):
    """Every kind of picture has a form that the handbook can read."""
    Draw(record)("title", "caption", {"a": [("x" if kind == "bars" else 1, 2)]}, "x", "y", kind=kind, log="y")
    (chart,) = valid("charts", record.charts)
    assert (chart["kind"], chart["x"]["log"], chart["y"]["log"]) == (kind, False, True)


def test_a_timeline_keeps_its_lanes(record):
    """A timeline has lanes with spans and events, and lanes with only one of both are complete all the same."""
    Draw(record).timeline(
        "Two callers",
        "The second waits.",
        [
            {"name": "first", "spans": [{"from": 0, "to": 1.5, "label": "POST", "kind": "request"}]},
            {"name": "second", "events": [{"at": 0.5, "label": "killed", "kind": "fault"}]},
        ],
        bands={"cut off": (0.2, 0.7)},
    )
    (chart,) = valid("charts", record.charts)
    assert chart["x"] == {"label": "time", "unit": "s", "log": False}
    assert [(len(lane["spans"]), len(lane["events"])) for lane in chart["lanes"]] == [(1, 0), (0, 1)]
    assert chart["bands"] == [{"from": 0.2, "to": 0.7, "label": "cut off"}]


def test_a_screenshot_keeps_its_screens(record):
    """What people saw is kept to the byte, with the name of whoever looked at it."""
    Draw(record).screenshot("Two windows", "Both show the same.", {"ann": b"\x89PNG", "bob": b"\x89PNG\r\n"})
    (chart,) = valid("charts", record.charts)
    assert {one["name"]: base64.b64decode(one["png"]) for one in chart["screens"]} == {
        "ann": b"\x89PNG",
        "bob": b"\x89PNG\r\n",
    }


def test_what_was_seen_stays_when_the_claim_falls(sessions):
    """Observations, ratios and pictures stand in run.json beside their own test's verdict, whatever it is."""
    outcome = sessions("""\
        def test_that_falls(observe, draw, ratio):
            observe("seen", 1.5, "pages")
            draw("title", "caption", {"a": [(1, 2)]}, "x", "y")
            ratio("a ÷ b", lambda: sum(range(200)), lambda: sum(range(200)), pairs=6, slice_seconds=0.0002)
            assert False

        def test_that_saw_nothing():
            pass
    """)
    row = outcome.row("test_that_falls")
    assert row["verdict"] == "broken"
    assert row["observations"] == [{"what": "seen", "value": 1.5, "unit": "pages"}]
    assert row["charts"][0]["title"] == "title"
    assert (row["ratios"][0]["what"], row["ratios"][0]["pairs"]) == ("a ÷ b", 6)
    assert outcome.row("test_that_saw_nothing")["observations"] == []
