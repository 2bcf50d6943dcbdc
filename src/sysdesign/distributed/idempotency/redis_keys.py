"""Keys in Redis: quicker to ask than the store of the payments, and weaker in what they promise."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict

from .keys import Act, Answer, Claim, Reach, Step, in_progress, repeat
from .store import Database, unavailable

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
"""Gives up a claim, unless its lease has ended and it is another's by now."""

KEEP = """\
local held = redis.call('GET', KEYS[1])
if not held or held == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end"""
"""Puts the answer in the place of the claim, unless that is another's by now: what duplicates are told must not change."""


class RedisKeys:
    """Keys in Redis, the effect in another store. Quick, and weaker: no transaction spans the two.

    A process that dies between its effect and the keeping of the answer leaves a claim without an answer. The claim is
    a lease, or else the request could never be tried again; when it ends, a retry acts again. The same happens when a
    process sleeps through its own lease.

    Args:
        url: `redis://host:port/0`.
        database: The store of the effect.
        keep_seconds: How long an answer is repeated.
        lease_seconds: How long a claim without an answer keeps duplicates away: longer than requests take, one hopes.
        timeout_seconds: How long Redis may take to answer.
        reach: Called behind each step.
    """

    def __init__(
        self,
        url: str,
        database: Database,
        *,
        keep_seconds: float,
        lease_seconds: float,
        timeout_seconds: float,
        reach: Reach,
    ) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once = Retry(NoBackoff(), 0)  # a repeated SET NX would meet its own claim
        self._redis = redis.Redis.from_url(
            url,
            retry=once,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            decode_responses=True,
        )
        self._failed = redis.RedisError
        self._database, self._reach = database, reach
        self._keep_ms, self._lease_ms = round(1_000 * keep_seconds), round(1_000 * lease_seconds)

    def once(self, claim: Claim, act: Act) -> Answer:
        """See `Keys`; a duplicate does not wait, it gets 409."""
        try:
            return self._once(claim, act)
        except self._failed as error:
            raise unavailable() from error

    def _once(self, claim: Claim, act: Act) -> Answer:
        self._reach(Step.RECEIVED)
        name = f"idempotency:{json.dumps([claim.caller, claim.key])}"
        mine = json.dumps([claim.fingerprint, None, secrets.token_hex(8)])
        if not self._redis.set(name, mine, nx=True, px=self._lease_ms):
            return self._earlier(name, claim)
        self._reach(Step.CLAIMED)
        acted = False
        try:
            with self._database.transaction() as execute:
                answer = act(execute)
                acted = True
                self._reach(Step.ACTED)
        except Exception:
            # Not acted is undone for certain: the same request may be sent again. What a failed COMMIT did, nobody knows.
            if not acted:
                self._redis.eval(RELEASE, 1, name, mine)
            raise
        self._reach(Step.COMMITTED)
        kept = json.dumps([claim.fingerprint, json.dumps(asdict(answer))])
        self._redis.eval(KEEP, 1, name, mine, kept, self._keep_ms)
        self._reach(Step.KEPT)
        return answer

    def _earlier(self, name: str, claim: Claim) -> Answer:
        kept = self._redis.get(name)
        if kept is None:  # the lease has ended since
            raise in_progress()
        asked, answer, *_ = json.loads(str(kept))
        return repeat(claim, asked, answer)
