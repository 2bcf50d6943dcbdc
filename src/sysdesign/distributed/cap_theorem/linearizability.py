"""The checker: is a history linearizable, and if not, what is the smallest part of it that shows why?

A history is linearizable if each operation can be thought to happen in one moment between its call and its answer. Operations of
different keys are judged apart. Deciding is NP-complete, so the search has a bound; what is not decided within it has not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sysdesign.distributed.cap_theorem.history import Operation, by_key
from sysdesign.distributed.cap_theorem.search import Verdict, relevant, search

STEPS = 2_000_000
"""How often the search may try to put an operation next, in one key's history, before it gives up."""

COLUMNS = 48
"""How wide the time axis of a printed counterexample is."""


@dataclass(frozen=True)
class Judgement:
    """A verdict, how many steps it took, and the counterexample where there is one."""

    verdict: Verdict
    steps: int
    counterexample: Sequence[Operation] = ()

    @property
    def passed(self) -> bool:
        """Whether the history was shown to be linearizable."""
        return self.verdict is Verdict.LINEARIZABLE

    def __str__(self) -> str:
        """Return the verdict, and the counterexample as a picture of its operations over time."""
        return "\n".join([self.verdict.value, *map(str, drawn(self.counterexample))])


def check(history: Iterable[Operation], steps: int = STEPS) -> Judgement:
    """Judge a history of reads, writes and swaps; every key is a register that holds None at first.

    Args:
        history: Operations of any clients and keys, in any order. Values that are written should differ.
        steps: The bound of the search, for each key.
    """
    taken, undecided = 0, False
    for operations in by_key(history).values():
        verdict, more = search(relevant(operations), steps)
        taken += more
        if verdict is Verdict.VIOLATED:
            return Judgement(verdict, taken, smallest(operations, steps))
        undecided |= verdict is Verdict.UNDECIDED
    return Judgement(Verdict.UNDECIDED if undecided else Verdict.LINEARIZABLE, taken)


def smallest(operations: Sequence[Operation], steps: int = STEPS) -> list[Operation]:
    """Return a part of one key's violating history from which nothing can be left out: without any of it, there is an order.

    A write is left out only together with all that saw its value: that something was read which nobody wrote would be another mistake.
    """

    def is_violated(part: Sequence[Operation]) -> bool:
        return search(relevant(part), steps)[0] is Verdict.VIOLATED

    part = _beginning(list(operations), is_violated)
    size = len(part)
    while size:
        shorter = next(filter(is_violated, _parts(part, size)), None)
        part, size = (part, size // 2) if shorter is None else (shorter, min(size, len(shorter)))
    return part


def _beginning(part: list[Operation], is_violated: Callable[[Sequence[Operation]], bool]) -> list[Operation]:
    """Leave out what was called when the violation was complete, by bisection."""
    least, most = 0, len(part)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if is_violated(_without(part, part[middle:])) else (middle, most)
    return _without(part, part[most:])


def _parts(part: list[Operation], size: int) -> Iterator[list[Operation]]:
    """Yield what is left of a history without so many operations at a time, at one place after the other."""
    return (_without(part, part[at : at + size]) for at in range(0, len(part), size))


def _without(part: Sequence[Operation], gone: Sequence[Operation]) -> list[Operation]:
    """Leave operations out, and then those that rest on a value that nobody writes any more, and so on."""
    before = {operation.value for operation in part} - {None}
    left = [operation for operation in part if operation not in gone]
    while True:
        lost = before - {operation.value for operation in left}
        kept = [operation for operation in left if operation.rests_on not in lost]
        if len(kept) == len(left):
            return left
        left = kept


def drawn(operations: Sequence[Operation]) -> Iterator[str]:
    """Yield a line for each operation: who, what, and a bar from its call to its answer.

    The axis shows what came before what, and not how long it took: every call and answer has a column of its own.
    """
    moments = sorted({moment for operation in operations for moment in (operation.begin, operation.end)})
    places = {moment: round(place * COLUMNS / max(1, len(moments) - 1)) for place, moment in enumerate(moments)}
    names = [(operation.client, str(operation)) for operation in operations]
    widths = [max(map(len, column)) for column in zip(*names, strict=True)]
    for operation, (client, what) in zip(operations, names, strict=True):
        begin, end = places[operation.begin], places[operation.end]
        bar = "├" + "─" * (end - begin - 1) + ("┄" if operation.is_pending else "┤")
        yield f"{client:{widths[0]}}  {what:{widths[1]}}  {' ' * begin}{bar}"
