"""Refuses a request only when its turn has come: those refused have waited for nothing."""

import threading

from implementation import *
from sysdesign.storage.scaling import slots

CAUGHT_BY = ("test_what_comes_beyond_the_queue_is_refused_at_once_and_told_when_to_come_back",)


def come(self):
    turn = threading.Event()
    with self._one_at_a_time:
        if self._free:
            self._free -= 1
            turn.set()
        else:
            self._waiting.append(turn)
        full = self._queue is not None and len(self._waiting) > self._queue
        self._count(+1)
    turn.wait()
    if full:
        self._go()
        raise Overloaded
    return turn


slots.Slots._come = come
