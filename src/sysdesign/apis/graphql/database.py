"""The database behind the graph: SQLite or PostgreSQL, each statement in a thread of its own, and counted.

The count is taken where statements leave for the database, so that no resolver can forget to be counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, create_engine, event, make_url

T = TypeVar("T")

CONNECT_SECONDS = 5
CONNECTIONS = 10
"""How many connections there are at most; they are kept, and who needs one more waits."""


class Tally:
    """How many statements one request has sent."""

    def __init__(self) -> None:
        self.statements = 0


tally: ContextVar[Tally | None] = ContextVar("tally", default=None)
"""Whose statements are counted now: threads and tasks that a request starts inherit it."""


class Database:
    """A pool of connections.

    Args:
        url: `sqlite:///file` or `postgresql://…`.
    """

    def __init__(self, url: str) -> None:
        where, options = make_url(url), {}
        if where.get_backend_name() == "postgresql":
            where = where.set(drivername="postgresql+psycopg")
            options = {"connect_timeout": CONNECT_SECONDS}
        self.engine = create_engine(
            where,
            connect_args=options,
            isolation_level="AUTOCOMMIT",
            pool_size=CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,  # errors are logged, and what readers have noted must not be
        )
        event.listen(self.engine, "before_cursor_execute", _count)

    async def rows(self, statement: Executable) -> list[Any]:
        """Return the rows of a statement."""
        return await self.change(lambda connection: list(connection.execute(statement)))

    async def change(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns; it gets a connection, on which each statement commits by itself."""
        return await asyncio.to_thread(self._with_connection, work)

    def _with_connection(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def _count(*_: Any) -> None:
    if current := tally.get():
        current.statements += 1
