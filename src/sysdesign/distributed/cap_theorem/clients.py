"""Clients: what speaks to one node of ours, to one member of etcd, and to one Redis of a primary with its replicas."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sysdesign.storage.replication.wire import Address, Connection, NotAcknowledged, Refused

if TYPE_CHECKING:
    from etcd3gw.client import Etcd3Client
    from redis import Redis

ANSWER_SECONDS = 0.5
"""After which a client gives up, and does not know what became of its operation."""


class NodeStore:
    """A client of one node of ours.

    Args:
        where: The node's address.
        options: What goes with every read: `lease=True` for a read that a lease may answer.
    """

    def __init__(self, where: Address, **options: Any) -> None:
        self._connection = Connection(where, ANSWER_SECONDS)
        self._options = options

    def read(self, key: str) -> str | None:
        """Return the value of a key. Raises Refused, NotAcknowledged, OSError."""
        value: str | None = self.ask("read", key=key, **self._options)["value"]
        return value

    def write(self, key: str, value: str) -> None:
        """Set the value of a key. Raises Refused, NotAcknowledged, OSError."""
        self.ask("write", key=key, value=value)

    def swap(self, key: str, expected: str | None, value: str) -> bool:
        """Set the value of a key if it is as expected. Raises Refused, NotAcknowledged, OSError."""
        return bool(self.ask("swap", key=key, expected=expected, value=value)["swapped"])

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Ask for any operation with all its arguments. Raises Refused, NotAcknowledged, OSError."""
        try:
            return self._connection.ask(operation, **arguments)
        except ConnectionError as error:
            if isinstance(error.__cause__, ConnectionRefusedError):  # the node cannot have heard of it
                raise Refused(str(error)) from error
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class EtcdStore:
    """A client of one member of etcd, which passes what it is asked on to the leader and confirms reads with a majority."""

    def __init__(self, client: Etcd3Client) -> None:
        self._client = client

    def read(self, key: str) -> str | None:
        """Return the value of a key. Raises NotAcknowledged."""
        with _unknown():
            found = self._client.get(key)
            return found[0].decode() if found else None

    def write(self, key: str, value: str) -> None:
        """Set the value of a key. Raises NotAcknowledged."""
        with _unknown():
            self._client.put(key, value)

    def swap(self, key: str, expected: str | None, value: str) -> bool:
        """Set the value of a key if it is as expected, in a transaction. Raises NotAcknowledged."""
        with _unknown():
            return self._client.create(key, value) if expected is None else self._client.replace(key, expected, value)

    def close(self) -> None:
        """Close the connections."""
        self._client.session.close()


@contextlib.contextmanager
def _unknown() -> Iterator[None]:
    """Whatever goes wrong, etcd may have done it, unless it cannot have heard of it: its errors do not say which mean that it has not."""
    from etcd3gw.exceptions import Etcd3Exception

    try:
        yield
    except Etcd3Exception as error:
        _unless_refused(error)
        raise NotAcknowledged(str(error)) from error


class RedisStore:
    """A client of one Redis, primary or replica: whatever that knows, it answers."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._swap = client.register_script(_SWAP)

    def read(self, key: str) -> str | None:
        """Return the value of a key as this Redis has it. Raises OSError."""
        with _redis_errors():
            found = self._client.get(key)
            return found.decode() if isinstance(found, bytes) else None

    def write(self, key: str, value: str) -> None:
        """Set the value of a key, and wait for no replica. Raises Refused on a replica, OSError."""
        with _redis_errors():
            self._client.set(key, value)

    def swap(self, key: str, expected: str | None, value: str) -> bool:
        """Set the value of a key if it is as expected, in a script. Raises Refused on a replica, OSError."""
        with _redis_errors():
            return bool(self._swap(keys=[key], args=[value] if expected is None else [value, expected]))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


_SWAP = """
if redis.call('get', KEYS[1]) ~= (ARGV[2] or false) then return 0 end
redis.call('set', KEYS[1], ARGV[1])
return 1
"""


@contextlib.contextmanager
def _redis_errors() -> Iterator[None]:
    from redis.exceptions import ConnectionError as Gone
    from redis.exceptions import ReadOnlyError, ResponseError
    from redis.exceptions import TimeoutError as TooLate

    try:
        yield
    except ReadOnlyError as error:
        raise Refused(str(error)) from error
    except ResponseError as error:
        if "read only replica" in str(error):  # said by a script
            raise Refused(str(error)) from error
        raise
    except (Gone, TooLate) as error:
        _unless_refused(error)
        raise ConnectionError(str(error)) from error


def _unless_refused(error: Exception) -> None:
    """Tell what has certainly not been done; the libraries leave of a refused connection only its text. Raises Refused."""
    if "Connection refused" in str(error):
        raise Refused(str(error)) from error
