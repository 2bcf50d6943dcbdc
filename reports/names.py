"""What the names in a source refer to, as far as it can be told without running it."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from reports.specifications import Source

Place = tuple[int, int]
"""A line, from 1, and a column, from 0, counted in characters."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """A name taken from a module (`*` for all of them), or a module itself."""

    module: str
    name: str
    own_name: str
    place: Place

    @property
    def path(self) -> str:
        """Where the name comes from: `sysdesign.storage.indexing.Table`."""
        return f"{self.module}.{self.name}".lstrip(".")


@functools.cache
def imports(source: Source) -> tuple[Import, ...]:
    """Every `import module` and `from module import name`."""
    return tuple(
        Import(getattr(node, "module", None) or "", alias.name, alias.asname or alias.name, _place(source, alias))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    )


@functools.cache
def attributes(source: Source) -> tuple[tuple[str, str, Place], ...]:
    """Every `name.attribute`, with the attribute's place."""
    return tuple(
        (node.value.id, node.attr, (place[0], place[1] + len(node.value.id) + 1))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        for place in [_place(source, node)]
    )


@functools.cache
def free_names(source: Source) -> tuple[tuple[str, Place], ...]:
    """Names that mean something of the module's own: not those that a function binds, but its parameters: fixtures."""
    return tuple(_free_names(source, source.tree, frozenset()))


def _free_names(source: Source, node: ast.AST, hidden: frozenset[str]) -> Iterator[tuple[str, Place]]:
    if isinstance(node, Function):
        yield from ((argument.arg, _place(source, argument)) for argument in node.args.args)
        hidden |= frozenset(_bound_by(node))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in hidden:
        yield node.id, _place(source, node)
    for child in ast.iter_child_nodes(node):
        yield from _free_names(source, child, hidden)


def _bound_by(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _place(source: Source, node: ast.expr | ast.arg | ast.alias) -> Place:
    """Where a node stands, in characters: the parser counts bytes."""
    return node.lineno, len(source.lines[node.lineno - 1].encode()[: node.col_offset].decode())
