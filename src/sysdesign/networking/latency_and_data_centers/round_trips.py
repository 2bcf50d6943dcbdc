"""The same questions in one round trip or in many; and what to do about the slowest of many answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from socket import socket
from typing import TypeVar

Answer = TypeVar("Answer")
Ask = Callable[[], Awaitable[Answer]]


def one_by_one(connection: socket, questions: Iterable[bytes]) -> list[bytes]:
    """Ask lines one after the other, each when the one before has been answered: as many round trips as questions.

    So it must be where a question depends on the answer before it; else it is a waste.
    """
    answers = []
    with connection.makefile("rb") as stream:
        for question in questions:
            connection.sendall(question + b"\n")
            answers.append(stream.readline().rstrip(b"\n"))
    return answers


def together(connection: socket, questions: Iterable[bytes]) -> list[bytes]:
    """Ask lines at once and read all answers: one round trip. The questions must fit the buffers on the way."""
    asked = list(questions)
    connection.sendall(b"".join(question + b"\n" for question in asked))
    with connection.makefile("rb") as stream:
        return [stream.readline().rstrip(b"\n") for _ in asked]


async def fan_out(asks: Sequence[Ask[Answer]]) -> list[Answer]:
    """Ask all at once and return all answers, in their order: it takes as long as the slowest."""
    return list(await asyncio.gather(*(ask() for ask in asks)))


class Hedging:
    """Asks a second time, elsewhere, what has not been answered within `after_seconds`, and takes what comes first.

    For requests that may be done twice. When everything is slow, asking twice would make it slower: no more than `extra_share`
    of all requests are asked again, plus one (Dean & Barroso, The Tail at Scale, 2013).

    Args:
        after_seconds: Best the 95th percentile of what is usual: then one in twenty is asked again.
        extra_share: The load that may be added, as a share of the requests.
    """

    def __init__(self, after_seconds: float, extra_share: float = 0.1) -> None:
        self.after_seconds, self.extra_share = after_seconds, extra_share
        self.asked = self.hedged = 0

    async def ask(self, first: Ask[Answer], second: Ask[Answer]) -> Answer:
        """Return the first answer that comes; the other request is cancelled. Raises what the last to fail raised."""
        self.asked += 1
        under_way = {asyncio.ensure_future(first())}
        try:
            done, under_way = await asyncio.wait(under_way, timeout=self.after_seconds)
            if not done and self._may_ask_again():
                self.hedged += 1
                under_way |= {asyncio.ensure_future(second())}
            while not any(one.exception() is None for one in done) and under_way:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            return next((one for one in done if one.exception() is None), next(iter(done))).result()
        finally:
            for one in under_way:
                one.cancel()

    def _may_ask_again(self) -> bool:
        return self.hedged < self.extra_share * self.asked
