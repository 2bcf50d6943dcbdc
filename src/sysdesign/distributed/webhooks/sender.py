"""The sender: claims what is due, signs it, posts it, and notes what came of it. As many may run as one likes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from .outbox import Claimed, Outbox
from .post import Post
from .schedule import Schedule
from .signatures import Signer

FIELDS = {"Content-Type": "application/json", "User-Agent": "sysdesign-webhooks/1"}

logger = logging.getLogger(__name__)


class Sender:
    """Delivers the events of an outbox.

    An endpoint that is slow holds up to `per_endpoint` threads for as long as an attempt may take, and no other endpoint
    waits for it: as long as there are more threads than slow endpoints can hold.

    Args:
        outbox: What is to be delivered.
        post: Sends one request. Raises ValueError if it may take longer than a lease.
        schedule: Decides when to try again, and when to stop.
        threads: How many attempts are under way at most.
        poll_seconds: How often an idle sender looks for new events.
        clock: Tells the seconds since the epoch.
    """

    def __init__(
        self,
        outbox: Outbox,
        post: Post,
        schedule: Schedule,
        *,
        threads: int = 32,
        poll_seconds: float = 0.1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if post.timeout_seconds >= outbox.lease_seconds:
            raise ValueError("an attempt may not take longer than a lease: the next would begin meanwhile")
        self._outbox, self._post, self._schedule, self._clock = outbox, post, schedule, clock
        self._threads, self._poll_seconds = threads, poll_seconds
        self._ended = threading.Event()

    def attempt(self, claimed: Claimed) -> None:
        """Make one attempt. The time stamp is the attempt's, the id and the body are the event's."""
        signed = Signer(claimed.secrets).headers(claimed.event, int(self._clock()), claimed.body)
        answer = self._post(claimed.url, {**FIELDS, **signed}, claimed.body)
        verdict = self._schedule.verdict(claimed.tries, claimed.refusals, answer, self._clock())
        self._outbox.conclude(claimed, answer, verdict)

    def deliver_due(self) -> int:
        """Attempt all that is due, one after the other in this thread; return how many attempts it were."""
        attempts = 0
        while claimed := self._outbox.claim(1):
            for one in claimed:
                self.attempt(one)
                attempts += 1
        return attempts

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, and then finish what is under way. A database that fails is waited for."""
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(self._threads, "webhook") as pool:
            while not stop.is_set():
                self._ended.clear()
                under_way = {one for one in under_way if not one.done()}
                claimed = self._claim(self._threads - len(under_way))
                under_way |= {pool.submit(self._attempt_and_tell, one) for one in claimed}
                if not claimed:
                    self._ended.wait(self._poll_seconds)

    def _claim(self, free: int) -> list[Claimed]:
        try:
            return self._outbox.claim(free) if free else []
        except self._outbox.store.failures:
            logger.exception("nothing can be claimed now")
            return []

    def _attempt_and_tell(self, claimed: Claimed) -> None:
        try:
            self.attempt(claimed)
        except Exception:  # whatever it is, the other deliveries go on
            logger.exception("delivery %s is not concluded: it is tried again when its lease ends", claimed.number)
        finally:
            self._ended.set()
