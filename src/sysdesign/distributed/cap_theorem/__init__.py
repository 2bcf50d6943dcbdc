"""The CAP theorem: a key-value store whose nodes keep one history (CP), or keep answering (AP), when the network splits.

Both kinds of node speak over wires that can be cut in each direction. The consistent one has an elected leader, and counts nothing that a
majority has not confirmed: the minority refuses. The available one answers from its own copy, and copies are merged later; how, decides
what is lost. Whether a store is consistent is not a matter of belief: a checker takes what the clients saw and looks for an order.

consistent.py       the leader and its voters: terms, votes, leases
available.py        copies, R and W, gossip
merging.py          last write wins, siblings, counters
network.py          wires, rounds of questions, the server
disk.py             the journal
node.py             the process
clients.py          clients of our nodes, of etcd and of Redis
schedules.py        what goes wrong when, from a seed
history.py          what clients asked and were told
search.py           is there an order?
linearizability.py  the verdict, and the smallest counterexample
known_histories.py  histories whose verdict is known, for whoever doubts the checker

Builds on 15 (replication): its wire between client and node.
"""

from sysdesign.distributed.cap_theorem.available import AvailableNode
from sysdesign.distributed.cap_theorem.clients import EtcdStore, NodeStore, RedisStore
from sysdesign.distributed.cap_theorem.consistent import ConsistentNode, Times
from sysdesign.distributed.cap_theorem.disk import Journal
from sysdesign.distributed.cap_theorem.history import FOREVER, Operation, Recorder, Store, by_key
from sysdesign.distributed.cap_theorem.known_histories import KNOWN, KnownHistory, parse
from sysdesign.distributed.cap_theorem.linearizability import Judgement, check, smallest
from sysdesign.distributed.cap_theorem.merging import Counter, LastWriteWins, Siblings, decode, encode
from sysdesign.distributed.cap_theorem.network import Rounds, Wires
from sysdesign.distributed.cap_theorem.node import main, run
from sysdesign.distributed.cap_theorem.schedules import Schedule, Step, draw
from sysdesign.distributed.cap_theorem.search import Verdict, relevant, search
from sysdesign.storage.replication.wire import NotAcknowledged, Refused

__all__ = [
    "FOREVER",
    "KNOWN",
    "AvailableNode",
    "ConsistentNode",
    "Counter",
    "EtcdStore",
    "Journal",
    "Judgement",
    "KnownHistory",
    "LastWriteWins",
    "NodeStore",
    "NotAcknowledged",
    "Operation",
    "Recorder",
    "RedisStore",
    "Refused",
    "Rounds",
    "Schedule",
    "Siblings",
    "Step",
    "Store",
    "Times",
    "Verdict",
    "Wires",
    "by_key",
    "check",
    "decode",
    "draw",
    "encode",
    "main",
    "parse",
    "relevant",
    "run",
    "search",
    "smallest",
]
