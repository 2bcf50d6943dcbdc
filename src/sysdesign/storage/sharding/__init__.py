"""Sharding: data too big for one machine is cut into shares, and a key tells which machine holds which.

A key has a slot, for ever; a slot has an owner, for the time being. Which shard should own a slot is told by a ring, a pure function of the
shards' names; which one does own it stands in the shards themselves, and changes slot by slot while everybody reads and writes.

placement.py     modulo, range, directory, ring, jump: from a key to a shard
shard.py         one database that knows which slots it owns …
databases.py     … in SQLite or PostgreSQL
shards.py        all of them: a key finds its shard, a question without a key is put to all
users.py         users, and names that are unique over all shards
transfers.py     money from shard to shard
hot_keys.py      keys that are too much for one shard
resharding.py    slots that move
redis_cluster.py the same on Redis Cluster
command_line.py  placing and resharding from a shell
"""

from sysdesign.storage.sharding.command_line import ADDRESSES, main, placed
from sysdesign.storage.sharding.databases import PostgresShard, SqliteShard
from sysdesign.storage.sharding.hot_keys import Counters, HotKeys
from sysdesign.storage.sharding.placement import Directory, Jump, Modulo, Placement, Range, Ring, UnknownKey, slot_of
from sysdesign.storage.sharding.redis_cluster import RedisClusterUsers, connect, create_cluster, move_slot
from sysdesign.storage.sharding.resharding import CopyDiffers, Resharder, Step, Superseded
from sysdesign.storage.sharding.shard import (
    TABLES,
    Execute,
    Moved,
    Shard,
    ShardDown,
    State,
)
from sysdesign.storage.sharding.shards import Answer, Shards, found
from sysdesign.storage.sharding.transfers import NotEnough, Outcome, Transfer, Transfers
from sysdesign.storage.sharding.users import NameTaken, UnknownUser, User, Users

__all__ = [
    "ADDRESSES",
    "TABLES",
    "Answer",
    "CopyDiffers",
    "Counters",
    "Directory",
    "Execute",
    "HotKeys",
    "Jump",
    "Modulo",
    "Moved",
    "NameTaken",
    "NotEnough",
    "Outcome",
    "Placement",
    "PostgresShard",
    "Range",
    "RedisClusterUsers",
    "Resharder",
    "Ring",
    "Shard",
    "ShardDown",
    "Shards",
    "SqliteShard",
    "State",
    "Step",
    "Superseded",
    "Transfer",
    "Transfers",
    "UnknownKey",
    "UnknownUser",
    "User",
    "Users",
    "connect",
    "create_cluster",
    "found",
    "main",
    "move_slot",
    "placed",
    "slot_of",
]
