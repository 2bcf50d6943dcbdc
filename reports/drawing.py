"""The drawing board: a canvas for Matplotlib, and what makes its SVG part of a page.

Matplotlib draws in a handful of stand-in colours; each is then replaced by a variable of the page's style sheet, so
that a picture reads in the light and in the dark. Letters that shrink with their picture can't be read, so a drawing is
made for a width.
"""

import io
import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FONT_SIZE = 12
CHARACTER_WIDTH = 0.6 * FONT_SIZE  # the widest of the fonts that systems bring along
ROW_HEIGHT = 17
EDGE = 10

UNITS_PER_INCH = 72  # of Matplotlib's SVG
INK, MUTED, GRID, BAND, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
HUES = 6
VARIABLES = {
    INK: "currentColor",
    MUTED: "var(--chart-muted)",
    GRID: "var(--chart-grid)",
    BAND: "var(--chart-band)",
    PAPER: "var(--color-background-primary)",
    **{f"#0a0a{hue:02x}": f"var(--chart-{hue})" for hue in range(HUES + 1)},
}
LOOK: Any = {
    "svg.fonttype": "none",
    "font.size": FONT_SIZE,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "ytick.major.size": 0,
}


def hue(index: int) -> int:
    """The hue of the series at an index; after the last one they begin again."""
    return index % HUES + 1


def colour(number: int) -> str:
    """The stand-in for a hue; hue 0 is for what only fills the time."""
    return f"#0a0a{number:02x}"


def look(identity: str) -> Any:
    """The settings within which drawings are made; ids that Matplotlib invents follow from `identity`."""
    return mpl.rc_context({**LOOK, "svg.hashsalt": identity})


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty sheet whose coordinates are the SVG's units, from the upper left corner."""
    figure = Figure(figsize=(width / UNITS_PER_INCH, height / UNITS_PER_INCH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def text_width(text: str) -> float:
    """About how wide a text will be."""
    return len(text) * CHARACTER_WIDTH


def in_rows(labels: Iterable[tuple[float, str]], width: float) -> list[tuple[float, int, str]]:
    """Place labels near their positions, each in the first row where it overlaps no other: (left edge, row, text)."""
    ends: list[float] = []
    placed = []
    for position, text in sorted(labels):
        left = max(EDGE, min(position, width - EDGE - text_width(text)))
        row = next((row for row, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [left + text_width(text) + CHARACTER_WIDTH]
        placed.append((left, row, text))
    return placed


def svg(figure: Figure, identity: str, title: str, description: str) -> Markup:
    """The drawing as an element of a page, with its title and description for those who can't see it."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    root = ET.fromstring(file.getvalue())  # noqa: S314 - Matplotlib's own output
    for parent in root.iter():
        parent[:] = [child for child in parent if _local(child.tag) not in {"metadata", "style"}]
    _own_ids(root, identity)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(name): _style(value) for name, value in element.attrib.items()}
    view = root.get("viewBox", "")
    root.attrib = {"viewBox": view, "role": "img", "aria-labelledby": f"{identity}-title {identity}-desc"}
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        root.insert(place, ET.Element(tag, id=f"{identity}-{tag}"))
        root[place].text = text
    stand_ins = re.compile("|".join(VARIABLES))
    return Markup(stand_ins.sub(lambda found: VARIABLES[found[0]], ET.tostring(root, encoding="unicode")))  # noqa: S704


def _own_ids(root: ET.Element, identity: str) -> None:
    """Keep the ids that are referred to, and make them unlike those of other pictures on the page."""
    text = ET.tostring(root, encoding="unicode")
    wanted = set(re.findall(r"""(?:url\(|href=")#([^)"]+)""", text))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in wanted:
            element.set("id", f"{identity}-{own}")
        for name, value in element.attrib.items():
            reference = r"url\(#" if "url(" in value else r"^#"
            if name.endswith(("href", "clip-path", "style")):
                element.set(name, re.sub(reference, rf"\g<0>{identity}-", value))


def _style(value: str) -> str:
    """Leave the family of the letters to the page."""
    value = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", value)
    return re.sub(r"font-family:[^;]*;?\s*", "", value)


def _local(name: str) -> str:
    return name.rpartition("}")[2]
