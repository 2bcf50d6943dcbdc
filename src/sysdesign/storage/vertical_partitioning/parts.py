"""Which column lies in which part.

Columns that are read together belong together: the account is in every list and every log-in, the profile on one page,
the secrets in one service. Each part has the user's id for its key, and one row for each user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A table with some of a user's columns: their SQL types by their names, without the `id` that every part has."""

    table: str
    columns: Mapping[str, str]
    cold: bool = False  # may lie in another database


ACCOUNT = Part("user_accounts", {"name": "TEXT", "email": "TEXT", "status": "TEXT", "last_seen_at": "BIGINT"})
PROFILE = Part("user_profiles", {"biography": "TEXT", "address": "TEXT", "preferences": "TEXT"}, cold=True)
SECRET = Part("user_secrets", {"password_hash": "TEXT", "tax_number": "TEXT"})
PARTS = (ACCOUNT, PROFILE, SECRET)
WIDE = Part("users", {name: kind for part in PARTS for name, kind in part.columns.items()})


class UnknownColumn(ValueError):  # noqa: N818 - what happened
    """A name that is no column of any part; nothing was read or written."""


def check(names: Iterable[str], parts: Iterable[Part]) -> None:
    """Let only declared names pass. Names become a part of statements, values never do. Raises UnknownColumn."""
    known = {name for part in parts for name in part.columns}
    for name in names:
        if name not in known:
            raise UnknownColumn(f"users have no column {name!r}")
