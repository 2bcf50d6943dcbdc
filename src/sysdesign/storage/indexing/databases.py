"""SQLite and PostgreSQL behind one interface: run a statement, tell how it was answered, count what that cost.

What a planner will do is not assumed, and not judged by the clock either: a question is run, its access path is read
from the plan, and its cost is counted in the engine's own unit, which is the same on a busy machine and an idle one.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """How a question was answered.

    `access` is "full scan", "index search" (it descends to the key) or "index scan" (it reads the index from one end);
    "index-only" stands for "index" where the table itself was not needed. `sorts` tells whether rows had to be put in
    order; `cost` is in the database's unit.
    """

    access: str
    index: str | None
    sorts: bool
    cost: int


class SQLite:
    """SQLite. Its cost is the number of steps of the virtual machine that runs a statement (sqlite.org/opcode.html)."""

    unit = "steps"
    pattern = "COLLATE NOCASE"  # behind an index's column: LIKE 'prefix%' searches in it
    beside_writers = ""  # in front of its name: builds it while others go on writing

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = None  # transactions begin and end where we say
        self.connection = connection

    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """Run one statement, with `?` for each parameter, and return its rows."""
        return self.connection.execute(statement, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all that happens in the block happen, or nothing."""
        self.rows("BEGIN IMMEDIATE")
        with self.connection:
            yield

    def is_duplicate(self, error: Exception) -> bool:
        """Tell whether a statement failed because a unique index holds its key already."""
        return getattr(error, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_UNIQUE"

    @contextmanager
    def forced(self, question: str, index: str | None) -> Iterator[str]:
        """Give the question in a form that this index answers, or a full scan for None."""
        yield question.replace("FROM orders", f"FROM orders INDEXED BY {index}" if index else "FROM orders NOT INDEXED")

    def cost(self, statement: str, *parameters: Any) -> int:
        """Run the statement and return how many steps it took: the progress handler is called once a step."""
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        self.connection.set_progress_handler(count, 1)
        try:
            self.rows(statement, *parameters)
        finally:
            self.connection.set_progress_handler(None, 0)
        return steps

    def explain(self, question: str, *parameters: Any) -> Plan:
        """Return how the question was answered (sqlite.org/eqp.html)."""
        plan = "\n".join(row[3] for row in self.rows(f"EXPLAIN QUERY PLAN {question}", *parameters))
        found = re.search(r"(SCAN|SEARCH) orders(?: USING (COVERING )?INDEX (\w+))?", plan)
        how, covering, index = found.groups() if found else ("SCAN", None, None)
        access = _access(index, searches=how == "SEARCH", covers=covering is not None)
        return Plan(access, index, "USE TEMP B-TREE" in plan, self.cost(question, *parameters))

    def analyze(self) -> None:
        """Let the planner learn how many rows a key of each index has on average."""
        self.rows("ANALYZE orders")

    def indexes(self) -> dict[str, bool]:
        """Return the indexes, and that each is usable: what was not built to the end is not there."""
        names = self.rows("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'orders'")
        return {name: True for (name,) in names}

    def bytes(self) -> int:
        """Return the size of the file, which holds nothing else."""
        return int(self.rows("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")[0][0])


class PostgreSQL:
    """PostgreSQL. Its cost is the number of pages (8 KiB) that a statement looks at, in the cache or on disk."""

    unit = "pages"
    pattern = "text_pattern_ops"
    beside_writers = "CONCURRENTLY"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rows("SET max_parallel_workers_per_gather = 0")  # one process at work: paths compare like with like
        self.rows("SET jit = off")

    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """Run one statement, with `?` for each parameter, and return its rows."""
        cursor = self.connection.execute(statement.replace("%", "%%").replace("?", "%s").encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def transaction(self) -> AbstractContextManager[Any]:
        """Make all that happens in the block happen, or nothing."""
        return self.connection.transaction()

    def is_duplicate(self, error: Exception) -> bool:
        """Tell whether a statement failed because a unique index holds its key already."""
        return getattr(error, "sqlstate", "") == "23505"

    @contextmanager
    def forced(self, question: str, index: str | None) -> Iterator[str]:
        """Keep the planner from a full scan, or from all indexes for None, while the block lasts.

        The comment makes it another question: a prepared one would keep the plan that it has.
        """
        with self.transaction():
            for access in ("seqscan",) if index else ("indexscan", "indexonlyscan", "bitmapscan"):
                self.rows(f"SET LOCAL enable_{access} = off")
            yield f"/* {index or 'no index'} */ {question}"

    def cost(self, statement: str, *parameters: Any) -> int:
        """Run the statement and return how many pages it looked at."""
        return _pages(self._run(statement, *parameters))

    def explain(self, question: str, *parameters: Any) -> Plan:
        """Return how the question was answered (postgresql.org/docs/current/using-explain.html)."""
        self.rows(question, *parameters)  # the first time it also looks up pages of the catalogue
        plan = self._run(question, *parameters)
        nodes = list(_nodes(plan))
        kinds = {node["Node Type"] for node in nodes}
        index = next((node["Index Name"] for node in nodes if "Index Name" in node), None)
        access = _access(index, searches=any("Index Cond" in node for node in nodes), covers="Index Only Scan" in kinds)
        return Plan(access, index, bool(kinds & {"Sort", "Incremental Sort"}), _pages(plan))

    def _run(self, statement: str, *parameters: Any) -> dict[str, Any]:
        [(report,)] = self.rows(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", *parameters)
        plan: dict[str, Any] = report[0]["Plan"]
        return plan

    def analyze(self) -> None:
        """Let the planner learn from a sample, and note which pages an index-only search need not visit."""
        self.rows("VACUUM (ANALYZE) orders")

    def indexes(self) -> dict[str, bool]:
        """Return the indexes, and whether each is usable: a broken build leaves one that is written and never read."""
        name_and_validity = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
        return dict(self.rows(f"{name_and_validity} WHERE indrelid = 'orders'::regclass"))

    def bytes(self) -> int:
        """Return the size of the table, its indexes and its maps of free and visible pages."""
        return int(self.rows("SELECT pg_total_relation_size('orders')")[0][0])


def _access(index: str | None, *, searches: bool, covers: bool) -> str:
    return f"{'index-only' if covers else 'index'} {'search' if searches else 'scan'}" if index else "full scan"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _pages(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


Database: TypeAlias = SQLite | PostgreSQL
