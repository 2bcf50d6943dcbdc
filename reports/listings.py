"""Sources as highlighted HTML: an anchor on every line, and links from names to what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

from reports.names import Place, attributes, free_names, imports
from reports.specifications import Source


@dataclass(frozen=True)
class Listing:
    """A source as it stands on a page; lines are anchored as `anchor-1`, `anchor-2`, …"""

    source: Source
    anchor: str
    html: Markup

    def line(self, number: int) -> str:
        """Link to a line."""
        return f"#{self.anchor}-{number}"


def listing(source: Source, anchor: str, links: Mapping[Place, str] | None = None) -> Listing:
    """Highlight a source, with links at the given places."""
    lines = [""]
    place = (1, 0)
    for kind, text in _lexer(source.path).get_tokens(source.text):
        for piece in text.splitlines(keepends=True):
            lines[-1] += _piece(kind, piece.rstrip("\n"), (links or {}).get(place))
            place = (place[0], place[1] + len(piece))
            if piece.endswith("\n"):
                lines.append("")
                place = (place[0] + 1, 0)
    if not lines[-1]:
        lines.pop()
    return Listing(source, anchor, Markup("".join(_line(anchor, number, line) for number, line in enumerate(lines, 1))))  # noqa: S704 - every piece is escaped


def links_within(source: Source, anchor: str) -> dict[Place, str]:
    """Link each use of a module's own definition, and each fixture a test asks for, to where it is defined."""
    lines = {definition.name: definition.line for definition in source.definitions}
    return {
        place: f"#{anchor}-{lines[name]}"
        for name, place in free_names(source)
        if name in lines and lines[name] != place[0]
    }


def links_across(source: Source, module: str, implementation: Source, anchor: str) -> dict[Place, str]:
    """Link the names that a source takes from a module to their definitions in that module's listing."""
    targets = {each.name: f"#{anchor}-{each.line}" for each in implementation.definitions}
    taken = [each for each in imports(source) if each.module.startswith(module)]
    known = {each.own_name: targets[each.name] for each in taken if each.name in targets}
    if any(each.name == "*" for each in taken):
        known = targets | known
    named = [*free_names(source), *((each.own_name, each.place) for each in taken)]
    modules = {each.own_name for each in imports(source) if each.path.startswith(module)}
    links = {place: known[name] for name, place in named if name in known}
    return links | {
        place: targets[name] for base, name, place in attributes(source) if base in modules and name in targets
    }


def links_from_definitions(source: Source, targets: Mapping[str, str]) -> dict[Place, str]:
    """Link the names of definitions, where they are defined, to the given targets."""
    named = ((definition, definition.name.rpartition(".")[2]) for definition in source.definitions)
    return {
        (definition.line, source.lines[definition.line - 1].index(name)): targets[name]
        for definition, name in named
        if name in targets
    }


def _lexer(path: str) -> Lexer:
    options: dict[str, Any] = {"stripnl": False, "ensurenl": False}
    try:
        return get_lexer_for_filename("nginx.conf" if path.endswith(".conf") else path, **options)
    except ClassNotFound:
        return TextLexer(**options)


def _piece(kind: _TokenType, text: str, link: str | None) -> str:
    html = escape(text, quote=False)
    if link:
        html = f'<a href="{link}">{html}</a>'
    name = _css_class(kind)
    return f'<span class="{name}">{html}</span>' if name and text.strip() else html


def _css_class(kind: _TokenType) -> str:
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    return STANDARD_TYPES[kind]


def _line(anchor: str, number: int, html: str) -> str:
    own = f"{anchor}-{number}"
    link = f'<a class="number" href="#{own}" tabindex="-1" aria-hidden="true" data-line="{number}"></a>'
    return f'<span class="line" id="{own}">{link}{html}\n</span>'
