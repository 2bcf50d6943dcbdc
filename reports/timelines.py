"""Timelines: who did what when, a lane for each of them."""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.drawing import (
    BAND,
    CHARACTER_WIDTH,
    EDGE,
    GRID,
    HUES,
    MUTED,
    PAPER,
    ROW_HEIGHT,
    canvas,
    colour,
    in_rows,
    text_width,
)
from reports.figures import compact, number

KNOWN_KINDS = {"request": 1, "fault": 2, "effect": 3, "wait": 0}
SPAN_HEIGHT = 20
LANE_GAP = 12


@dataclass(frozen=True)
class Ruler:
    """Turns moments into places on the sheet."""

    begin: float
    end: float
    width: float

    def __call__(self, moment: float) -> float:
        """How far from the left edge a moment lies."""
        return EDGE + (self.width - 2 * EDGE) * (moment - self.begin) / (self.end - self.begin)


def kinds_of(chart: dict[str, Any]) -> dict[str, int]:
    """The kinds of spans and events in a timeline, each with its hue."""
    moments = [moment for lane in chart["lanes"] for moment in [*lane.get("spans", []), *lane.get("events", [])]]
    kinds = dict.fromkeys(moment["kind"] for moment in moments)
    others = [kind for kind in kinds if kind not in KNOWN_KINDS]
    first_free = len(KNOWN_KINDS)
    hues = {kind: first_free + index % (HUES + 1 - first_free) for index, kind in enumerate(others)}
    return {kind: {**KNOWN_KINDS, **hues}[kind] for kind in kinds}


def rows_of(chart: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The data of a timeline: lane, from, to, what and kind."""
    rows: list[tuple[str, ...]] = []
    for lane in chart["lanes"]:
        moments = [(s["from"], number(s["to"]), s["label"], s["kind"]) for s in lane.get("spans", [])]
        moments += [(e["at"], "", e["label"], e["kind"]) for e in lane.get("events", [])]
        rows += [(lane["name"], number(begin), *rest) for begin, *rest in sorted(moments)]
    return tuple(rows)


def draw_timeline(chart: dict[str, Any], width: int) -> Figure:
    """Draw the lanes from top to bottom, the marks and bands across them, and the ruler below."""
    ruler = _ruler(chart, width)
    across = [(ruler(mark["x"]), mark["label"]) for mark in chart.get("marks", [])]
    across += [(ruler(band["from"]), band["label"]) for band in chart.get("bands", [])]
    heads = in_rows(across, width)
    below = [in_rows(_labels_below(lane, ruler), width) for lane in chart["lanes"]]
    top = ROW_HEIGHT * max((row + 1 for _, row, _ in heads), default=0)
    heights = [ROW_HEIGHT + SPAN_HEIGHT + ROW_HEIGHT * _rows(labels) + LANE_GAP for labels in below]
    bottom = top + sum(heights)
    figure, axes = canvas(width, bottom + 2 * ROW_HEIGHT + 8)
    _draw_across(axes, chart, ruler, top, bottom)
    for left, row, label in heads:
        axes.text(left, ROW_HEIGHT * row + 12, label)
    hues = kinds_of(chart)
    for index, lane in enumerate(chart["lanes"]):
        y = top + sum(heights[:index])
        _draw_lane(axes, lane, ruler, y, hues)
        for left, row, label in below[index]:
            axes.text(left, y + ROW_HEIGHT + SPAN_HEIGHT + ROW_HEIGHT * row + 13, label, color=MUTED)
    _draw_ruler(axes, chart, ruler, bottom)
    return figure


def _rows(labels: list[tuple[float, int, str]]) -> int:
    return max((row + 1 for _, row, _ in labels), default=0)


def _ruler(chart: dict[str, Any], width: int) -> Ruler:
    moments = [mark["x"] for mark in chart.get("marks", [])]
    moments += [band[end] for band in chart.get("bands", []) for end in ("from", "to")]
    for lane in chart["lanes"]:
        moments += [span[end] for span in lane.get("spans", []) for end in ("from", "to")]
        moments += [event["at"] for event in lane.get("events", [])]
    begin, end = min(moments, default=0.0), max(moments, default=1.0)
    return Ruler(begin, end if end > begin else begin + 1.0, width)


def _fits(span: dict[str, Any], ruler: Ruler) -> bool:
    return text_width(span["label"]) + CHARACTER_WIDTH <= ruler(span["to"]) - ruler(span["from"])


def _labels_below(lane: dict[str, Any], ruler: Ruler) -> list[tuple[float, str]]:
    """The labels that have no place inside their span, and those of the events."""
    labels = [(ruler(span["from"]), span["label"]) for span in lane.get("spans", []) if not _fits(span, ruler)]
    labels += [(ruler(event["at"]), event["label"]) for event in lane.get("events", [])]
    return [(position, label) for position, label in labels if label]


def _draw_lane(axes: Axes, lane: dict[str, Any], ruler: Ruler, top: float, hues: dict[str, int]) -> None:
    middle = top + ROW_HEIGHT + SPAN_HEIGHT / 2
    axes.text(EDGE, top + 12, lane["name"], fontweight="bold")
    axes.plot([EDGE, ruler.width - EDGE], [middle, middle], color=GRID, linewidth=1, zorder=0)
    for span in lane.get("spans", []):
        left, right = ruler(span["from"]), ruler(span["to"])
        fill = colour(hues[span["kind"]])
        axes.barh(middle, max(right - left, 2), height=SPAN_HEIGHT - 2, left=left, color=fill, edgecolor=PAPER)
        if _fits(span, ruler):
            axes.text((left + right) / 2, middle, span["label"], color=PAPER, ha="center", va="center_baseline")
    for event in lane.get("events", []):
        axes.plot(ruler(event["at"]), middle, "D", color=colour(hues[event["kind"]]), ms=9, markeredgecolor=PAPER)


def _draw_across(axes: Axes, chart: dict[str, Any], ruler: Ruler, top: float, bottom: float) -> None:
    for band in chart.get("bands", []):
        left, right = ruler(band["from"]), ruler(band["to"])
        axes.fill_between([left, right], top, bottom, color=BAND, linewidth=0)
    for mark in chart.get("marks", []):
        axes.vlines(ruler(mark["x"]), top, bottom, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))


def _draw_ruler(axes: Axes, chart: dict[str, Any], ruler: Ruler, y: float) -> None:
    axes.plot([EDGE, ruler.width - EDGE], [y, y], color=GRID, linewidth=1)
    ticks = MaxNLocator(int(ruler.width // 85), steps=[1, 2, 5, 10]).tick_values(ruler.begin, ruler.end)
    for tick in ticks:
        if ruler.begin <= tick <= ruler.end:
            axes.vlines(ruler(tick), y, y + 4, color=GRID, linewidth=1)
            axes.text(ruler(tick), y + 17, compact(tick), color=MUTED, ha="center")
    unit = chart["x"].get("unit", "")
    title = chart["x"]["label"] + (f" ({unit})" if unit else "")
    axes.text(ruler.width - EDGE, y + 17 + ROW_HEIGHT, title, color=MUTED, ha="right")
