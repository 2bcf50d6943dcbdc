"""The search for an order: could one register, that does one operation at a time, have told the clients what they were told?

It is that of Wing and Gong, with Lowe's memory: operations are put in an order one by one, each only while no other has ended before it
began, and what was tried once (which operations are done, and with what value) is not tried again. It runs over a list of calls and
returns, out of which what is done is lifted, so that the next candidates always stand at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from sysdesign.distributed.cap_theorem.history import FOREVER, Operation


class Verdict(Enum):
    """What a check has found. UNDECIDED is no pass."""

    LINEARIZABLE = "linearizable"
    VIOLATED = "violated"
    UNDECIDED = "undecided"


def relevant(operations: Sequence[Operation]) -> list[Operation]:
    """Leave out what cannot matter: pending operations whose effect, if they had any, nobody has noticed.

    Each of them would double what has to be searched. A swap that found something else may have noticed any of them.
    """
    noticed = {operation.rests_on for operation in operations}
    anybody = any(operation.has_failed for operation in operations)
    return [
        operation
        for operation in operations
        if not operation.is_pending or (operation.action != "read" and (anybody or operation.value in noticed))
    ]


def step(operation: Operation, value: str | None) -> tuple[bool, str | None]:
    """Do an operation on a register that holds a value: whether it could answer as it did, and what the register holds then."""
    if operation.action == "read":
        return operation.found == value, value
    if operation.action == "write":
        return True, operation.value
    fits = operation.expected == value
    return operation.is_pending or operation.swapped == fits, operation.value if fits else value


class _Event:
    """The call or the return of an operation, in a list of all in the order of time; what is lifted out can be put back."""

    __slots__ = ("after", "before", "is_call", "number", "partner")

    def __init__(self, number: int, *, is_call: bool) -> None:
        self.number, self.is_call = number, is_call
        self.before: _Event | None = None
        self.after: _Event | None = None
        self.partner: _Event = self

    def lift(self) -> None:
        for event in (self, self.partner):
            if event.before:
                event.before.after = event.after
            if event.after:
                event.after.before = event.before

    def put_back(self) -> None:
        for event in (self.partner, self):
            if event.before:
                event.before.after = event
            if event.after:
                event.after.before = event


def _events(operations: Sequence[Operation]) -> _Event:
    """Return the head of the list, which is no event itself. Of two at one moment the call comes first: they overlap."""
    moments: list[tuple[float, bool, _Event]] = []
    for number, operation in enumerate(operations):
        call, end = _Event(number, is_call=True), _Event(number, is_call=False)
        call.partner, end.partner = end, call
        moments += [(operation.begin, False, call), (operation.end, True, end)]
    moments.sort(key=lambda moment: moment[:2])
    head = last = _Event(-1, is_call=False)
    for _, _, event in moments:
        last.after, event.before, last = event, last, event
    return head


def _alike(operations: Sequence[Operation]) -> dict[int, int]:
    """Return for each pending write that nobody has noticed the one called before it: in any order, either can stand for the other."""
    noticed = {operation.rests_on for operation in operations}
    unseen = [
        number
        for number, operation in enumerate(operations)
        if operation.is_pending and operation.action == "write" and operation.value not in noticed
    ]
    unseen.sort(key=lambda number: operations[number].begin)
    return dict(zip(unseen[1:], unseen, strict=False))


def _candidates(event: _Event | None) -> Iterator[_Event]:
    """Yield the calls from here on to the first return: any of them may be next, and none behind it."""
    while event and event.is_call:
        yield event
        event = event.after


def search(operations: Sequence[Operation], steps: int) -> tuple[Verdict, int]:
    """Look for an order of one key's operations; return the verdict and the steps that it took.

    What only looks, and fits, is always put next, without another try: it is in nobody's way. A pending operation returns after all others:
    put at the end, it is as good as never done.
    """
    head, alike = _events(operations), _alike(operations)
    value: str | None = None
    done, taken = 0, 0
    tried: set[tuple[int, str | None]] = set()
    choices: list[tuple[list[_Event], str | None]] = []
    candidates = _candidates(head.after)
    while head.after and not (head.after.is_call is False and operations[head.after.number].end == FOREVER):
        for event in candidates:
            taken += 1
            if event.number in alike and not done >> alike[event.number] & 1:
                continue  # that of two alike which was called first goes first
            possible, new = step(operations[event.number], value)
            if possible and (done | 1 << event.number, new) not in tried:
                tried.add((done | 1 << event.number, new))
                choices.append(([event], value))
                event.lift()
                done, value = done | 1 << event.number, new
                break
        else:  # one has ended that could not be put: an earlier choice was wrong
            if not choices:
                return Verdict.VIOLATED, taken
            lifted, value = choices.pop()
            for event in reversed(lifted):
                event.put_back()
                done ^= 1 << event.number
            candidates = _candidates(lifted[0].after)
            continue
        if taken > steps:
            return Verdict.UNDECIDED, taken
        for event in _candidates(head.after):
            operation = operations[event.number]
            if operation.only_looks and step(operation, value) == (True, value):
                choices[-1][0].append(event)
                event.lift()
                done |= 1 << event.number
        candidates = _candidates(head.after)
    return Verdict.LINEARIZABLE, taken
