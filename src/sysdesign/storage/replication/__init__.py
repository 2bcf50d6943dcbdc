"""Replication: one primary takes the writes, and its log makes every replica the same.

The log is a file of checksummed entries, one a write, in one order. A write is on the primary's disk before anyone is told of it, then
travels to the replicas, which put it on their disks and apply it to their SQLite files. What the mode says, the client waits for: for
nobody (asynchronous), for a majority (quorum), for all (synchronous). A single leader is chosen as the mechanism because one order of all
writes needs no merging: whoever has come to position 17 has seen exactly the first 17 writes, so one number is enough for a client to ask
for a state that is no older than what it has seen.

Two things must never go wrong when a primary is replaced. What was acknowledged by a majority must survive: the most advanced of a
majority takes over. And there must be no two primaries: each has an epoch, and a node that has seen the next one refuses the last.

log.py             the log
state.py           the SQLite file
node.py            the process that owns both, as primary or as replica
cluster.py         who is the primary; promotion
store.py           writes and reads, sessions
wire.py            JSON lines over TCP
sqlite_member.py   how to speak to our node …
postgres_member.py … and to PostgreSQL, which does the same with its WAL
"""

from sysdesign.storage.replication.cluster import Answer, Cluster, Member, NoMajority, Status
from sysdesign.storage.replication.log import Entry, Log, Mark, TornEntry
from sysdesign.storage.replication.node import Node, main
from sysdesign.storage.replication.postgres_member import PostgresMember
from sysdesign.storage.replication.sqlite_member import SqliteMember
from sysdesign.storage.replication.state import State
from sysdesign.storage.replication.store import ReplicatedStore, Session
from sysdesign.storage.replication.wire import Address, Connection, NotAcknowledged, Refused, Superseded

__all__ = [
    "Address",
    "Answer",
    "Cluster",
    "Connection",
    "Entry",
    "Log",
    "Mark",
    "Member",
    "NoMajority",
    "Node",
    "NotAcknowledged",
    "PostgresMember",
    "Refused",
    "ReplicatedStore",
    "Session",
    "SqliteMember",
    "State",
    "Status",
    "Superseded",
    "TornEntry",
    "main",
]
