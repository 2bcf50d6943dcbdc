"""Users: each on the shard of its id, with a name that no other user has, on whatever shard."""

from __future__ import annotations

from dataclasses import dataclass

from sysdesign.storage.sharding.shard import Execute
from sysdesign.storage.sharding.shards import Answer, Shards


class UnknownUser(LookupError):  # noqa: N818 - the name of the event
    """No user has this id. Nothing was made for it."""


class NameTaken(Exception):  # noqa: N818 - the name of the event
    """Another user has this name, or this user has another one."""


@dataclass(frozen=True)
class User:
    """A user, with a balance in cents."""

    id: str
    name: str
    balance: int = 0


class Users:
    """The users on all shards.

    No index of one shard knows the names on the others. So a name is a row of its own, on the shard of the name: it is reserved there
    first, and the user is added after that. Whoever dies in between has reserved the name for this id: to add the user again is safe.
    """

    def __init__(self, shards: Shards) -> None:
        self.shards = shards

    def slot_of(self, user_id: str) -> int:
        """Return the user's slot."""
        return self.shards.slot_of(user_id)

    def home(self, user_id: str) -> str:
        """Return the name of the shard that holds the user. Raises ShardDown."""
        return self.shards.home(user_id)

    def home_of_name(self, name: str) -> str:
        """Return the name of the shard that holds the reservation of a name. Raises ShardDown."""
        return self.shards.home(name)

    def add(self, user: User) -> None:
        """Add a user; once more if the outcome is not known. Raises NameTaken, ShardDown."""
        self.shards.write(user.name, lambda execute: self._reserve(execute, user))
        if self.shards.write(user.id, lambda execute: self._insert(execute, user)) != user.name:
            self.shards.write(user.name, lambda execute: self._release(execute, user))
            raise NameTaken(user.id)

    def _reserve(self, execute: Execute, user: User) -> None:
        slot = self.shards.slot_of(user.name)
        execute("INSERT INTO names VALUES (?, ?, ?) ON CONFLICT DO NOTHING", user.name, slot, user.id)
        if execute("SELECT owner FROM names WHERE id = ?", user.name) != [(user.id,)]:
            raise NameTaken(user.name)

    def _insert(self, execute: Execute, user: User) -> str:
        row = (user.id, self.shards.slot_of(user.id), user.name, user.balance)
        execute("INSERT INTO users VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", *row)
        ((name,),) = execute("SELECT name FROM users WHERE id = ?", user.id)
        return str(name)

    def _release(self, execute: Execute, user: User) -> None:
        execute("DELETE FROM names WHERE id = ? AND owner = ?", user.name, user.id)

    def get(self, user_id: str) -> User:
        """Return a user. Raises UnknownUser, ShardDown."""
        question = "SELECT id, name, balance FROM users WHERE id = ?"
        rows = self.shards.read(user_id, lambda execute: execute(question, user_id))
        if not rows:
            raise UnknownUser(user_id)
        return User(*rows[0])

    def deposit(self, user_id: str, amount: int) -> int:
        """Add an amount, in cents, to a user's balance, and return that. Raises UnknownUser, ShardDown."""
        statement = "UPDATE users SET balance = balance + ? WHERE id = ? RETURNING balance"
        rows = self.shards.write(user_id, lambda execute: execute(statement, amount, user_id))
        if not rows:
            raise UnknownUser(user_id)
        return int(rows[0][0])

    def remove(self, user_id: str) -> None:
        """Remove a user. The name is free after that; whoever dies in between leaves it to this id. Raises UnknownUser, ShardDown."""
        statement = "DELETE FROM users WHERE id = ? RETURNING id, name, balance"
        rows = self.shards.write(user_id, lambda execute: execute(statement, user_id))
        if not rows:
            raise UnknownUser(user_id)
        user = User(*rows[0])
        self.shards.write(user.name, lambda execute: self._release(execute, user))

    def with_balance(self, at_least: int) -> Answer:
        """Return the (id, name, balance) of all users with such a balance: a question without a key, which every shard is asked."""
        return self.shards.scatter("users", "id, name, balance", "balance >= ?", at_least)
