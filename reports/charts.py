"""Pictures of a run, drawn from its own observations: lines, steps, points, bars, timelines and maps; and screenshots as they are."""

import math
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from reports.drawing import (
    BAND,
    EDGE,
    GRID,
    MUTED,
    PAPER,
    ROW_HEIGHT,
    UNITS_PER_INCH,
    canvas,
    colour,
    hue,
    in_rows,
    look,
    svg,
    text_width,
)
from reports.figures import compact, number
from reports.maps import classes_of, connections_of, draw_map
from reports.screenshots import screens
from reports.timelines import draw_timeline, kinds_of, rows_of

WIDTHS = {"wide": 680, "narrow": 340}  # units of the drawing; the page shows the one that fits
PLOT_HEIGHT = 220
BAR_HEIGHT = 20
BAR_GAP = 10
MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚"}  # and the sign of each in a legend
SPAN_SIGN = "■"
ARC_SIGN = "━"
MARKERS_PER_LINE = 12  # more would hide the line


@dataclass(frozen=True)
class Key:
    """An entry of a picture's legend: a name, its hue and the sign it is drawn with."""

    name: str
    hue: int
    sign: str


@dataclass(frozen=True)
class Table:
    """The data of a picture."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def pictures(chart: dict[str, Any], identity: str) -> dict[str, Markup]:
    """Draw a chart in each width; every id in it begins with `identity`."""
    if chart["kind"] == "screenshot":
        return {"screens": screens(chart)}
    if chart["kind"] == "map":
        return {name: draw_map(chart, width, f"{identity}-{name}") for name, width in WIDTHS.items()}
    draw = {"timeline": draw_timeline, "bars": _draw_bars}.get(chart["kind"], _draw_series)
    names = ", ".join(key.name for key in legend(chart))
    description = f"{chart['caption']} Shown: {names}. The data are in the table below the picture."
    with look(identity):
        return {
            name: svg(draw(chart, width), f"{identity}-{name}", chart["title"], description)
            for name, width in WIDTHS.items()
        }


def legend(chart: dict[str, Any]) -> tuple[Key, ...]:
    """What the hues of a chart mean."""
    if chart["kind"] == "screenshot":
        return ()
    if chart["kind"] == "map":
        return tuple(Key(name, number, ARC_SIGN) for name, number in classes_of(chart).items())
    if chart["kind"] == "timeline":
        return tuple(Key(kind, number, SPAN_SIGN) for kind, number in kinds_of(chart).items())
    signs = cycle(SPAN_SIGN if chart["kind"] == "bars" else MARKERS.values())
    return tuple(Key(series["name"], hue(index), next(signs)) for index, series in enumerate(chart["series"]))


def table(chart: dict[str, Any]) -> Table:
    """Write a chart's data down: a row for each x, for each span and event, or for each arc; a screenshot has none."""
    if chart["kind"] == "screenshot":
        return Table((), ())
    if chart["kind"] == "map":
        return Table(("from", "to", axis_title(chart["value"])), connections_of(chart))
    if chart["kind"] == "timeline":
        unit = chart["x"].get("unit") or chart["x"]["label"]
        return Table(("lane", f"from ({unit})", f"to ({unit})", "what", "kind"), rows_of(chart))
    values: dict[float | str, dict[int, str]] = {}
    for index, series in enumerate(chart["series"]):
        for x, y in series["points"]:
            values.setdefault(x, {})[index] = number(y)
    ordered = list(values) if chart["kind"] == "bars" else sorted(values, key=lambda x: (isinstance(x, str), x))
    columns = (axis_title(chart["x"]), *(series["name"] for series in chart["series"]))
    return Table(columns, tuple((number(x), *(values[x].get(i, "") for i in range(len(columns) - 1))) for x in ordered))


def axis_title(axis: dict[str, Any]) -> str:
    """An axis's label with its unit, unless the label already says it."""
    unit = axis.get("unit", "")
    return f"{axis['label']} ({unit})" if unit and unit not in axis["label"] else str(axis["label"])


def _draw_series(chart: dict[str, Any], width: int) -> Figure:
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    for index, series in enumerate(chart["series"]):
        _plot(axes, chart["kind"], series["points"], index)
    if not any(isinstance(x, str) for series in chart["series"] for x, _ in series["points"]):
        _scale(axes, "x", chart["x"], ticks=width // 85)
    _scale(axes, "y", chart["y"], ticks=5)
    _lay_out(figure, axes, chart, width)
    return figure


def _plot(axes: Axes, kind: str, points: list[list[Any]], index: int) -> None:
    lone = kind == "points"
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        color=colour(hue(index)),
        linewidth=2,
        linestyle="none" if lone else "-",
        drawstyle="steps-post" if kind == "step" else "default",
        marker=list(MARKERS)[index % len(MARKERS)],
        markersize=6,
        markeredgecolor=PAPER,
        markeredgewidth=0.7,
        clip_on=False,
        markevery=1 if lone else max(1, len(points) // MARKERS_PER_LINE),
    )


def _scale(axes: Axes, name: Literal["x", "y"], description: dict[str, Any], ticks: int) -> None:
    """Few ticks at round values; a linear scale of y begins at zero, unless something lies below."""
    axis = axes.xaxis if name == "x" else axes.yaxis
    least_above_zero = axes.dataLim.minposx if name == "x" else axes.dataLim.minposy
    if description.get("log") and math.isfinite(least_above_zero):
        axes.set(**{f"{name}scale": "log"})
        low, high = axes.get_xlim() if name == "x" else axes.get_ylim()
        narrow = math.log10(high / low) < 2
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=ticks + 1))
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
        if name == "y" and axes.dataLim.ymin >= 0:
            axes.set_ylim(bottom=0)
    axis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))


def _lay_out(figure: Figure, axes: Axes, chart: dict[str, Any], width: int) -> None:
    """Give the plot the room that its labels leave, and put these where they do not overlap."""
    ticks = axes.yaxis.get_major_formatter().format_ticks(list(axes.yaxis.get_majorticklocs()))
    left = EDGE + max((text_width(tick) for tick in ticks), default=0)
    room = width - left - EDGE
    marks = [(mark["x"], mark["label"]) for mark in chart.get("marks", [])]
    bands = [(band["from"], band["to"], band["label"]) for band in chart.get("bands", [])]
    for x, _ in marks:
        axes.axvline(x, color=MUTED, linewidth=1, linestyle=(0, (3, 3)), zorder=1)
    for begin, end, _ in bands:
        axes.axvspan(begin, end, color=BAND, linewidth=0, zorder=0)
    starts = [*marks, *((begin, label) for begin, _, label in bands)]
    labels = in_rows([(left + room * _fraction(axes, x), label) for x, label in starts], width)
    rows = 1 + max((row + 1 for _, row, _ in labels), default=0)
    top, bottom = rows * ROW_HEIGHT + 6, 2 * ROW_HEIGHT + 8
    height = top + PLOT_HEIGHT + bottom
    figure.set_size_inches(width / UNITS_PER_INCH, height / UNITS_PER_INCH)
    axes.set_position((left / width, bottom / height, room / width, PLOT_HEIGHT / height))
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", pad=4)
    figure.text(EDGE / width, 1 - 12 / height, axis_title(chart["y"]), color=MUTED)
    figure.text(1 - EDGE / width, 8 / height, axis_title(chart["x"]), color=MUTED, ha="right")
    for position, row, label in labels:
        figure.text(position / width, 1 - (ROW_HEIGHT * (row + 1) + 12) / height, label)


def _fraction(axes: Axes, x: float) -> float:
    """Where an x lies between the left and the right end of the plot."""
    limits = axes.transLimits.transform(axes.transScale.transform((x, axes.get_ylim()[1])))
    return float(limits[0])


def _draw_bars(chart: dict[str, Any], width: int) -> Figure:
    """Draw bars that lie, each category's name above its own, so that long names fit on a phone."""
    bars: dict[str, list[tuple[int, float]]] = {}
    for index, series in enumerate(chart["series"]):
        for category, value in series["points"]:
            bars.setdefault(number(category), []).append((hue(index), value))
    heights = [ROW_HEIGHT + BAR_HEIGHT * len(values) + BAR_GAP for values in bars.values()]
    largest = max((value for values in bars.values() for _, value in values), default=0) or 1
    reach = width - 2 * EDGE - text_width(number(largest)) - BAR_GAP
    figure, axes = canvas(width, ROW_HEIGHT + BAR_GAP + sum(heights))
    axes.text(EDGE, ROW_HEIGHT - 5, axis_title(chart["y"]), color=MUTED)
    for row, (category, values) in enumerate(bars.items()):
        top = ROW_HEIGHT + BAR_GAP + sum(heights[:row])
        axes.text(EDGE, top + ROW_HEIGHT - 6, category)
        for line, (shade, value) in enumerate(values):
            middle = top + ROW_HEIGHT + (line + 0.5) * BAR_HEIGHT
            length = max(reach * value / largest, 1)
            axes.barh(middle, length, height=BAR_HEIGHT - 4, left=EDGE, color=colour(shade), linewidth=0)
            axes.text(EDGE + length + 6, middle, number(value), va="center_baseline")
    return figure
