"""The same users on Redis Cluster, which shards by itself: 16,384 slots, a key's slot by its CRC16, and clients that know the map.

Each command is atomic on the shard of its key; what a transaction does elsewhere, a script does here. A command over two slots is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sysdesign.storage.sharding.shard import ShardDown
from sysdesign.storage.sharding.shards import Answer
from sysdesign.storage.sharding.users import NameTaken, UnknownUser, User

SLOTS = 16_384
START_ATTEMPTS = 50
"""A client begins with a question to a node of its own random choice, and with another if that is down."""
ADD = "redis.call('SETNX', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])"
INSERT = """if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], 'name', ARGV[1], 'balance', ARGV[2]) end
return redis.call('HGET', KEYS[1], 'name')"""
DEPOSIT = "if redis.call('EXISTS', KEYS[1]) == 0 then return false end return redis.call('HINCRBY', KEYS[1], 'balance', ARGV[1])"
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
REMOVE = "local name = redis.call('HGET', KEYS[1], 'name') redis.call('DEL', KEYS[1]) return name"


class RedisClusterUsers:
    """Users on the shards of a Redis Cluster; what `Users` can, by the same steps.

    Args:
        client: As `connect` returns it.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def slot_of(self, user_id: str) -> int:
        """Return the user's slot."""
        return int(self._client.keyslot(f"user:{user_id}"))

    def home(self, user_id: str) -> str:
        """Return the address of the node that holds the user."""
        return str(self._client.get_node_from_key(f"user:{user_id}").name)

    def home_of_name(self, name: str) -> str:
        """Return the address of the node that holds the reservation of a name."""
        return str(self._client.get_node_from_key(f"name:{name}").name)

    def add(self, user: User) -> None:
        """Add a user; once more if the outcome is not known. Raises NameTaken, ShardDown."""
        if self._run(ADD, f"name:{user.name}", user.id) != user.id:
            raise NameTaken(user.name)
        if self._run(INSERT, f"user:{user.id}", user.name, user.balance) != user.name:
            self._run(RELEASE, f"name:{user.name}", user.id)
            raise NameTaken(user.id)

    def get(self, user_id: str) -> User:
        """Return a user. Raises UnknownUser, ShardDown."""
        with _named_failures():
            found = self._client.hgetall(f"user:{user_id}")
        if not found:
            raise UnknownUser(user_id)
        return User(user_id, found["name"], int(found["balance"]))

    def deposit(self, user_id: str, amount: int) -> int:
        """Add an amount, in cents, to a user's balance, and return that. Raises UnknownUser, ShardDown."""
        balance = self._run(DEPOSIT, f"user:{user_id}", amount)
        if balance is None:
            raise UnknownUser(user_id)
        return int(balance)

    def remove(self, user_id: str) -> None:
        """Remove a user. The name is free after that; whoever dies in between leaves it to this id. Raises UnknownUser, ShardDown."""
        name = self._run(REMOVE, f"user:{user_id}")
        if name is None:
            raise UnknownUser(user_id)
        self._run(RELEASE, f"name:{name}", user_id)

    def with_balance(self, at_least: int) -> Answer:
        """Return the (id, name, balance) of all users with such a balance; one that moves meanwhile may be missed."""
        found: dict[str, tuple[str, str, int]] = {}
        nodes, down = self._client.get_primaries(), []
        for node in nodes:
            try:
                with _named_failures():
                    users = list(self._users_on(node))
            except ShardDown:
                down.append(node)
            else:
                found.update({user[0]: user for user in users if user[2] >= at_least})
        silent = {node.name for node in down}
        owners = self._client.nodes_manager.slots_cache
        missing = frozenset(slot for slot in range(SLOTS) if slot not in owners or owners[slot][0].name in silent)
        return Answer(list(found.values()), len(nodes), tuple(sorted(silent)), missing)

    def _users_on(self, node: Any) -> Iterator[tuple[str, str, int]]:
        for key in self._client.scan_iter("user:*", target_nodes=node):
            if row := self._client.hgetall(key):
                yield key.removeprefix("user:"), row["name"], int(row["balance"])

    def _run(self, script: str, key: str, *arguments: Any) -> Any:
        with _named_failures():
            return self._client.eval(script, 1, key, *arguments)


def connect(*addresses: tuple[str, int]) -> Any:
    """Return a `redis.cluster.RedisCluster` that serves what is left when a node is down, and leaves it to its caller to try again."""
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode, RedisCluster
    from redis.retry import Retry

    nodes = [ClusterNode(*address) for address in addresses]  # type: ignore[no-untyped-call]
    client = RedisCluster(
        startup_nodes=nodes,
        decode_responses=True,
        require_full_coverage=False,
        retry=Retry(NoBackoff(), START_ATTEMPTS),
    )
    client.set_retry(Retry(NoBackoff(), 0))
    return client


@contextmanager
def _named_failures() -> Iterator[None]:
    """Turn the ways in which a node does not answer into ShardDown."""
    from redis import exceptions

    try:
        yield
    except (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.RedisClusterException) as error:
        raise ShardDown(str(error)) from error


def move_slot(slot: int, source: Any, target: Any, others: list[Any], report: Callable[[str, int], None]) -> None:
    """Move one slot of a cluster to another node while it is read and written; run again what was interrupted.

    Between the first step and the last, both nodes share the slot: the source answers for the keys that it still has, and sends clients
    on to the target for all others. A key is on one of them at every moment, for MIGRATE moves it atomically.

    Args:
        slot: Which.
        source: A `redis.Redis` of the node that owns it.
        target: The node that shall own it.
        others: The other nodes, which are told at once what they would hear in time.
        report: Is told each step of each slot when it is done.
    """
    target.cluster("SETSLOT", slot, "IMPORTING", source.cluster("MYID"))
    source.cluster("SETSLOT", slot, "MIGRATING", target.cluster("MYID"))
    report("opened", slot)
    to = target.get_connection_kwargs()
    while keys := source.cluster("GETKEYSINSLOT", slot, 100):
        source.execute_command("MIGRATE", to["host"], to["port"], "", 0, 5_000, "KEYS", *keys)
        report("copied", slot)
    for node in (target, source, *others):
        node.cluster("SETSLOT", slot, "NODE", target.cluster("MYID"))
    report("taken", slot)


def create_cluster(nodes: list[Any], buses: list[int]) -> None:
    """Make empty nodes one cluster, in which each owns an equal share of the slots; it takes them a while to agree.

    Args:
        nodes: A `redis.Redis` of each.
        buses: The port of each on which nodes talk to each other.
    """
    for number, (node, bus) in enumerate(zip(nodes, buses, strict=True)):
        first, behind = (SLOTS * border // len(nodes) for border in (number, number + 1))
        node.execute_command("CLUSTER ADDSLOTSRANGE", first, behind - 1)
        node.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        to = node.get_connection_kwargs()
        nodes[0].execute_command("CLUSTER MEET", to["host"], to["port"], bus)
