"""A member that is a PostgreSQL server under streaming replication. Its log is the WAL, its token a position in the WAL (LSN)."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, LiteralString, cast
from urllib.parse import unquote, urlsplit

from sysdesign.storage.replication.cluster import Answer, Member, Status
from sysdesign.storage.replication.log import Mark
from sysdesign.storage.replication.wire import Address, NotAcknowledged, Refused

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

POLL_SECONDS = 0.005
SETTLE_SECONDS = 20.0

_TABLE = "CREATE TABLE IF NOT EXISTS data (key text PRIMARY KEY, value text NOT NULL)"
_WRITE = "INSERT INTO data VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_READ = "SELECT value FROM data WHERE key = %s"
_STATUS = """
SELECT CASE WHEN standby THEN 'replica' ELSE 'primary' END,
       pg_wal_lsn_diff(CASE WHEN standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::bigint,
       pg_wal_lsn_diff(CASE WHEN standby THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                            ELSE pg_current_wal_flush_lsn() END, '0/0')::bigint
  FROM pg_is_in_recovery() AS standby
"""


class PostgresMember:
    """Speaks to one PostgreSQL server over one connection.

    PostgreSQL knows no epochs that a primary would have to obey (its timelines only keep histories apart). A standby is fenced by taking
    its primary from it; a primary that was deposed finds out nothing, and has to be kept from its clients, or seeded anew.

    Args:
        name: What answers call it.
        where: The URL of its database.
        patience_seconds: How long a write may wait for the replicas' word before it counts as not acknowledged.
    """

    def __init__(self, name: str, where: str, patience_seconds: float = 10.0) -> None:
        self.name = name
        self.where = where
        self.patience_seconds = patience_seconds
        self._connection: Connection | None = None
        self._warnings: list[str] = []

    def write(self, key: str, value: str) -> int:
        """Write and return the WAL position behind it. Raises Refused, NotAcknowledged, OSError.

        A commit that waits for standbys lies in the primary's own WAL already and cannot be undone. When the wait is cancelled, PostgreSQL
        therefore reports success, with a warning: whoever overlooks it takes the write for acknowledged.
        """
        connection = self._connected()
        self._warnings.clear()
        patience = threading.Timer(self.patience_seconds, _cancel, [connection])
        patience.start()
        try:
            self._run(_WRITE, key, value)
        finally:
            patience.cancel()
            patience.join()
        if self._warnings:
            raise NotAcknowledged(self._warnings[-1])
        return self.status().position

    def read(self, key: str, at_least: int = 0) -> Answer | None:
        """Read; None if the server has not replayed up to `at_least`. Raises OSError.

        The position is asked for first: the value that is read afterwards is from there or from later.
        """
        position = self.status().position
        if position < at_least:
            return None
        rows = self._run(_READ, key)
        return Answer(rows[0][0] if rows else None, self.name, position)

    def status(self) -> Status:
        """Ask for role and positions. Raises OSError."""
        role, position, received = self._run(_STATUS)[0]
        return Status(role, position, Mark(0, received))

    def fence(self, epoch: int) -> Status:
        """Take its primary from a standby, so that it confirms nothing more. Raises OSError."""
        del epoch
        self._set("primary_conninfo", "")
        self._await("SELECT NOT EXISTS (SELECT * FROM pg_stat_wal_receiver)")
        return self.status()

    def lead(self, epoch: int, mode: str, followers: Mapping[str, tuple[Member, Address]]) -> None:
        """Make it the primary, and the followers that answer its standbys. Raises OSError."""
        del epoch
        if self.status().role == "replica":
            self._run("SELECT pg_promote(true, 60)")
        self._run(_TABLE)
        wanted = {
            "asynchronous": "",
            "quorum": f"ANY {(len(followers) + 1) // 2} (*)",
            "synchronous": f"FIRST {len(followers)} (*)",
        }
        self._set("synchronous_standby_names", wanted[mode])
        self._run("CHECKPOINT")  # the process that does it also brings the setting into force, and before it
        for follower, address in followers.values():
            with contextlib.suppress(OSError):  # it is down, and will have to be seeded anew
                cast(PostgresMember, follower).follow(address)

    def follow(self, address: Address) -> None:
        """Let a standby receive its WAL from this address; a primary stays what it is. Raises OSError."""
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        if self.status().role == "primary":
            return
        ((name, upstream),) = self._run("SELECT current_setting('cluster_name'), current_setting('primary_conninfo')")
        host, port = address
        present = conninfo_to_dict(upstream)
        if (present.get("host"), present.get("port")) != (host, str(port)):
            login = urlsplit(self.where)
            user, password = login.username, unquote(login.password or "")
            wanted = make_conninfo(host=host, port=port, user=user, password=password, application_name=name)
            self._set("primary_conninfo", wanted)
            self._await("SELECT NOT EXISTS (SELECT * FROM pg_stat_wal_receiver WHERE sender_port <> %s)", port)

    def dials(self, follower: Member) -> Address:
        """A standby opens the connection, to its primary."""
        del follower
        primary = urlsplit(self.where)
        return primary.hostname or "", primary.port or 5432

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        import psycopg

        if self._connection is None:
            try:
                self._connection = psycopg.connect(self.where, autocommit=True, connect_timeout=5)
            except psycopg.OperationalError as error:
                raise ConnectionError(str(error)) from error
            self._connection.add_notice_handler(lambda notice: self._warnings.append(str(notice.message_primary)))
        return self._connection

    def _run(self, statement: LiteralString | Composed, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement, on a new connection if the last one broke. Raises Refused, NotAcknowledged, ConnectionError."""
        import psycopg

        try:
            cursor = self._connected().execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise Refused(str(error)) from error
        except psycopg.errors.QueryCanceled as error:
            raise NotAcknowledged(str(error)) from error
        except psycopg.OperationalError as error:
            self.close()
            raise ConnectionError(str(error)) from error

    def _set(self, setting: str, value: str) -> None:
        """Change a server setting for good, and wait until it has been read."""
        from psycopg import sql

        self._run(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
        self._run("SELECT pg_reload_conf()")
        self._await("SELECT current_setting(%s) = %s", setting, value)

    def _await(self, question: LiteralString, *parameters: object) -> None:
        """Ask until the answer is yes. Raises TimeoutError, which is an OSError."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while not self._run(question, *parameters)[0][0]:
            if time.monotonic() > deadline:
                message = f"{self.name}: not within {SETTLE_SECONDS} s: {question!r}"
                raise TimeoutError(message)
            time.sleep(POLL_SECONDS)  # PostgreSQL tells nobody when this comes true: it has to be asked


def _cancel(connection: Connection) -> None:
    from psycopg import Error

    with contextlib.suppress(Error, OSError):  # the server is gone: then the write has ended by itself
        connection.cancel_safe(timeout=5)
