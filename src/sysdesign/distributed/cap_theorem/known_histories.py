"""Histories whose verdict is known, to test a checker with: the textbook's, the classic mistakes of stores, and the mistakes of checkers.

One operation is `client action… begin-end`, as in `A write 1 0-2`, `B read 1 1-3` (it found 1), `B read - 4-5` (it found nothing),
`C swap 1 2 6-7` (it was 1, now it is 2), `C fail 1 2 6-7` (it was not 1). One whose end is `?` is pending, and nobody knows what became
of it; a read that is pending is written with any value. Before an operation on another key than `x` stands that key and a colon.
"""

from __future__ import annotations

from dataclasses import dataclass

from sysdesign.distributed.cap_theorem.history import FOREVER, Operation


@dataclass(frozen=True)
class KnownHistory:
    """A history, whether it is linearizable, and the size of its smallest counterexample if it is not."""

    name: str
    operations: tuple[Operation, ...]
    smallest: int

    @property
    def is_linearizable(self) -> bool:
        """Whether there is an order."""
        return self.smallest == 0


def parse(text: str) -> tuple[Operation, ...]:
    """Read operations, separated by semicolons."""
    return tuple(_operation(*part.split()) for part in text.split(";"))


def _operation(client: str, action: str, *rest: str) -> Operation:
    client, _, key = client.partition("@")
    *values, when = [None if word == "-" else word for word in rest]
    begin, _, end = str(when).partition("-")
    time = (float(begin), FOREVER if end == "?" else float(end))
    key = key or "x"
    if action == "read":
        return Operation(client, "read", key, *time, found=values[0])
    if action == "write":
        return Operation(client, "write", key, *time, value=values[0])
    return Operation(client, "swap", key, *time, expected=values[0], value=values[1], swapped=action == "swap")


LINEARIZABLE = {
    "nothing happens but a read": "A read - 0-1",
    "one after the other": "A write 1 0-1; B read 1 2-3; A write 2 4-5; B read 2 6-7",
    "a read during a write finds the new": "A write 1 0-3; B read 1 1-2",
    "a read during a write finds the old": "A write 1 0-3; B read - 1-2",
    "two reads during a write find old, then new": "A write 1 0-9; B read - 1-2; C read 1 3-4",
    "two overlapping reads find new and old": "A write 1 0-9; B read 1 1-4; C read - 2-5",
    "two writes at once, the first called wins": "A write 1 0-3; B write 2 1-4; C read 1 5-6",
    "two writes at once, the last called wins": "A write 1 0-3; B write 2 1-4; C read 2 5-6",
    "the order is that of the moments, not of the calls": "A write 1 0-9; B write 2 1-2; C read 2 3-4; C read 1 5-6",
    "Herlihy and Wing's register H1": "A write 0 0-1; B write 1 2-7; A read 1 3-4; C write 0 5-9; A read 0 8-10",
    "three writers, readers who agree": "A write 1 0-9; B write 2 0-9; C write 3 0-9; D read 2 1-3; D read 3 4-5; E read 3 6-8",
    "a pending write is never seen": "A write 1 0-1; B write 2 2-?; C read 1 3-4; C read 1 5-6",
    "a pending write is seen at once": "A write 1 0-1; B write 2 2-?; C read 2 3-4",
    "a pending write takes effect late": "A write 1 0-1; B write 2 2-?; C read 1 3-4; C read 1 5-6; C read 2 7-8",
    "a pending write takes effect after a later write": "B write 2 0-?; A write 1 1-2; C read 1 3-4; C read 2 5-6",
    "a pending read says nothing": "A write 1 0-1; B read 7 2-?; A read 1 3-4",
    "a swap finds what it expects": "A write 1 0-1; B swap 1 2 2-3; C read 2 4-5",
    "a swap finds something else": "A write 1 0-1; B fail 3 4 2-3; C read 1 4-5",
    "a swap of nothing": "A swap - 1 0-1; B fail - 2 2-3; C read 1 4-5",
    "of two swaps at once, one is done": "A write 1 0-1; B swap 1 2 2-5; C fail 1 3 3-6; D read 2 7-8",
    "swaps in a chain, called in the wrong order": "C swap 2 3 0-9; B swap 1 2 0-9; A swap - 1 0-9; D read 3 10-11",
    "a swap fails because of a write that is pending": "A write 1 0-1; B write 2 2-?; C fail 1 3 3-4",
    "a pending swap was done": "A write 1 0-1; B swap 1 2 2-?; C read 1 3-4; C read 2 5-6",
    "a pending swap comes too late": "A write 1 0-1; B swap 1 2 2-?; A write 3 3-4; C read 3 5-6",
    "the same value twice": "A write 1 0-1; A write 2 2-3; B write 1 4-5; C read 1 6-7",
    "two keys, each with its order": "A@x write 1 0-1; B@y write 1 0-1; A@y read 1 2-3; B@x read 1 2-3",
    "an answer at the moment of a call overlaps it": "A write 1 0-1; B read - 1-2",
    "locks: acquired, released, acquired": "A swap - a 0-1; B fail - b 2-3; A swap a free 4-5; B swap free b 6-7",
}

VIOLATED = {
    "a stale read": ("A write 1 0-1; B read - 2-3", 2),
    "a stale read after an overwrite": ("A write 1 0-1; A write 2 2-3; B read 1 4-5", 3),
    "an old value comes back": ("A write 1 0-9; B read 1 1-2; C read - 3-4", 3),
    "new, then old, while the write lasts": ("A write 1 0-1; A write 2 2-9; B read 2 3-4; C read 1 5-6", 4),
    "a read of what nobody wrote": ("A write 1 0-1; B read 7 2-3", 1),
    "a read from the future": ("B read 1 0-1; A write 1 2-3", 2),
    "two readers see two writes in two orders": (
        "A write 1 0-1; B write 2 0-1; C read 1 2-5; C read 2 6-7; D read 2 2-5; D read 1 8-9",
        4,
    ),
    "an acknowledged write is lost": ("A write 1 0-1; B write 2 2-3; C read 2 4-5; C read 1 6-7", 3),
    "Herlihy and Wing's register H2": ("A write 0 0-1; B write 1 2-7; A read 1 3-4; C read 0 5-6; A read 1 8-9", 4),
    "lost update: two swaps of one value are done": ("A write 1 0-1; B swap 1 2 2-5; C swap 1 3 3-6", 3),
    "lost update: a counter is read twice and counted once": (
        "A write 0 0-1; B swap 0 1 2-5; C swap 0 1 2-5; D read 1 6-7",
        3,
    ),
    "a swap that was done was not seen": ("A write 1 0-1; B swap 1 2 2-3; C read 1 4-5", 3),
    "a swap that failed changed something": ("A write 1 0-1; B fail 3 4 2-3; C read 4 4-5", 2),
    "a swap fails though it had to find its value": ("A write 1 0-1; B fail 1 2 2-3", 2),
    "two hold a lock": ("A swap - a 0-1; B swap - b 2-3", 2),
    "a pending write is seen, and then not": ("A write 1 0-1; B write 2 2-?; C read 2 3-4; C read 1 5-6", 4),
    "a pending write is seen before its call": ("A write 1 0-1; C read 2 2-3; B write 2 4-?", 2),
    "a pending swap was done though it found nothing": ("B swap 1 2 0-?; C read 2 1-2", 2),
    "a pending swap is done twice": ("A write 1 0-1; B swap 1 2 2-?; C read 2 3-4; A write 1 5-6; D read 2 7-8", 3),
    "split brain: each side reads its own": (
        "A write 1 0-1; A read 1 2-3; B write 2 2-3; B read 2 4-5; A read 1 6-7; B read 2 8-9",
        3,
    ),
    "the second key is the broken one": ("A@x write 1 0-1; B@x read 1 2-3; A@y write 1 4-5; B@y read - 6-7", 2),
    "sequentially consistent, and yet not linearizable": (
        "A write 1 0-1; B write 2 2-3; C read 2 4-5; D read 1 6-7",
        3,
    ),
}

KNOWN = [
    *(KnownHistory(name, parse(text), 0) for name, text in LINEARIZABLE.items()),
    *(KnownHistory(name, parse(text), size) for name, (text, size) in VIOLATED.items()),
]
"""All of them."""
