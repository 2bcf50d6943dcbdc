"""Users, as each version shows and writes them. The row is one; a version is a view of it.

Version 2 splits the name, and no rule splits every name rightly. So a row keeps the whole name, which is what version 1 has always
written, and beside it the pieces as version 2 was told them. They count as long as they join to the name: a writer who has never heard
of pieces, such as a server of the previous release, makes them obsolete by changing the name, and keeps them by leaving it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""Columns and their values."""


class View(Protocol):
    """What a version makes of a row."""

    def show(self, row: Row) -> dict[str, Any]:
        """Return what a client may be shown of a row; its contract chooses from it."""

    def write(self, body: Row) -> dict[str, Any]:
        """Return the columns that a body sets. All others keep their values."""


def join(given_name: str, family_name: str) -> str:
    """Return the whole name."""
    return f"{given_name} {family_name}" if family_name else given_name


def split(name: str) -> tuple[str, str]:
    """Return a guess at the given and the family name, which join to the name again."""
    given_name, _, family_name = name.rpartition(" ")
    return (given_name, family_name) if given_name and family_name else (name, "")


class WholeName:
    """Version 1."""

    def show(self, row: Row) -> dict[str, Any]:
        """Return the row as it is."""
        return dict(row)

    def write(self, body: Row) -> dict[str, Any]:
        """Return the body as it is."""
        return dict(body)


class SplitName:
    """Version 2."""

    def show(self, row: Row) -> dict[str, Any]:
        """Return the row with the pieces of its name: those that were told, or else a guess."""
        pieces = row["given_name"], row["family_name"]
        if None in pieces or join(*pieces) != row["name"]:
            pieces = split(row["name"])
        return {**row, "given_name": pieces[0], "family_name": pieces[1]}

    def write(self, body: Row) -> dict[str, Any]:
        """Return the pieces and, for version 1, the whole."""
        return {**body, "name": join(body["given_name"], body["family_name"])}
