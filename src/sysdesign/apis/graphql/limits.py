"""What a query may ask for: measured before anything is done for it.

A client writes the query, so a client decides how much work it is. A query of ten lines can ask for a book's author's books' authors
until the database is empty; one line can be repeated under a hundred names; fragments can double at each step, or use each other in a
circle. All this can be seen in the document, in time that is linear in its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

INTROSPECTION = frozenset({"__schema", "__type"})
"""Fields that are answered from the schema: a rule of their own bounds them (MaxIntrospectionDepthRule)."""


class Limits(NamedTuple):
    """The limits of a query."""

    tokens: int = 1_000
    """How many words and signs the document may have."""
    depth: int = 12
    """How many fields may lie in each other."""
    aliases: int = 20
    """How many fields may be asked for under another name."""
    cost: int = 10_000
    """How many fields the answer may have, if there is as much of everything as was asked for."""
    page: int = 100
    """How much of a list may be asked for at once."""


class Size(NamedTuple):
    """How much a part of a document asks for."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0


def check(document: DocumentNode, variables: Mapping[str, Any], limits: Limits) -> None:
    """Let a document pass, or raise GraphQLError."""
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = _Ruler(document, definition, variables, limits).measure(definition.selection_set)
            for what, most in (("depth", limits.depth), ("aliases", limits.aliases), ("cost", limits.cost)):
                if (asked := getattr(size, what)) > most:
                    raise refusal(f"The {what} of this query is {_told(asked)}; {most} is the most.", definition)


def refusal(message: str, node: Node | None = None) -> GraphQLError:
    """Return the error of a query that asks for too much."""
    return GraphQLError(message, node, extensions={"code": "TOO_MUCH"})


def _told(number: int) -> str:
    return str(number) if number < 10**9 else "beyond counting"


class _Ruler:
    """Measures one operation; each fragment once, however often it is used."""

    def __init__(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any], limits: Limits
    ) -> None:
        parts = document.definitions
        self._fragments = {part.name.value: part for part in parts if isinstance(part, FragmentDefinitionNode)}
        self._measured: dict[str, Size | None] = {}
        defaults = {each.variable.name.value: each.default_value for each in operation.variable_definitions}
        self._variables, self._defaults, self._limits = variables, defaults, limits

    def measure(self, selections: SelectionSetNode) -> Size:
        """Return the size of what stands between two braces: directives are not looked at, so it is the most that it can be."""
        sizes = [self._selection(each) for each in selections.selections]
        depth = max((size.depth for size in sizes), default=0)
        return Size(depth, sum(size.aliases for size in sizes), sum(size.cost for size in sizes))

    def _selection(self, node: Node) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node)
        inner: SelectionSetNode | None = getattr(node, "selection_set", None)
        if not isinstance(node, FieldNode):
            return self.measure(inner) if inner else Size()
        below = self.measure(inner) if inner and node.name.value not in INTROSPECTION else Size()
        return Size(below.depth + 1, below.aliases + bool(node.alias), 1 + self._times(node) * below.cost)

    def _fragment(self, spread: FragmentSpreadNode) -> Size:
        name = spread.name.value
        if name not in self._measured:
            self._measured[name] = None  # under way
            fragment = self._fragments.get(name)
            self._measured[name] = self.measure(fragment.selection_set) if fragment else Size()
        size = self._measured[name]
        if size is None:
            raise refusal(f"The fragment '{name}' uses itself.", spread)
        return size

    def _times(self, field: FieldNode) -> int:
        """Return how many of its kind a field may give. Raises GraphQLError for more than a page."""
        given = next((each.value for each in field.arguments if each.name.value == "first"), None)
        if given is None:
            return 1
        first = self._number(given)
        if not 0 <= first <= self._limits.page:
            raise refusal(f"A page has 0 to {self._limits.page} entries.", field)
        return first

    def _number(self, given: Node) -> int:
        """Return a number that was written down, or said in a variable; what is none will not get past validation."""
        if isinstance(given, VariableNode):
            name = given.name.value
            if name not in self._variables:
                default = self._defaults.get(name)
                return self._number(default) if default else self._limits.page
            value = self._variables[name]
            return int(value) if isinstance(value, int | float) and isfinite(value) else self._limits.page
        if isinstance(given, IntValueNode):
            return int(given.value) if len(given.value) < len(str(10**9)) else self._limits.page + 1
        return self._limits.page
