"""Who may do what: one table, and every statement of the store is held to what it says.

A right reaches as far as one's own things or as far as anybody's. It goes into the statement itself, so that no handler can forget it,
and what a caller may not even read is for them not there: 404 tells a guesser nothing that 403 would.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from .problems import Problem

Role = Literal["member", "support", "admin"]
Action = Literal["read", "write", "read user", "set role"]
ANYBODY = "anybody"
OWN = "own"

RIGHTS: dict[Role, dict[Action, str]] = {
    "member": {"read": OWN, "write": OWN, "read user": OWN},
    "support": {"read": ANYBODY, "write": OWN, "read user": ANYBODY},
    "admin": {"read": ANYBODY, "write": ANYBODY, "read user": ANYBODY, "set role": ANYBODY},
}


class Caller(NamedTuple):
    """Who has sent a request."""

    name: str
    role: Role

    def reach(self, action: Action) -> str | None:
        """Return whose things this action may touch: the caller's name, or None for anybody's. Raises Problem 403."""
        extent = RIGHTS[self.role].get(action)
        if extent is None:
            raise forbidden()
        return None if extent == ANYBODY else self.name

    def demand(self, action: Action, owner: str) -> None:
        """Go on if the action may touch what is this owner's. Raises Problem 403."""
        if self.reach(action) not in {None, owner}:
            raise forbidden()


def forbidden() -> Problem:
    """Return the problem of a caller who is known, and may not do this."""
    return Problem(403, "This is not yours to do.")
