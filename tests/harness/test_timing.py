"""Where the time went: each second is booked once, by what it was spent on."""

import threading
import time

import pytest

from fixtures import timing
from fixtures.timing import account

BLOCK_SECONDS = 0.02


@pytest.fixture
def spent(monkeypatch):
    """The books, empty for this test."""
    books = type(timing.spent)(float)
    monkeypatch.setattr(timing, "spent", books)
    return books


def pass_time():
    end = time.perf_counter() + BLOCK_SECONDS
    while time.perf_counter() < end:
        pass


def pass_time_and_fail():
    pass_time()
    raise LookupError


def test_a_block_is_booked_by_its_name(spent):
    """The time of a block is added to what it was spent on."""
    for _ in range(2):
        with account("a"):
            pass_time()
    assert spent.keys() == {"a"}
    assert spent["a"] >= 2 * BLOCK_SECONDS


def test_an_inner_block_belongs_to_the_outer_one(spent):
    """Time is booked once: what is spent inside another block is the outer one's."""
    with account("outer"):
        with account("inner"):
            pass_time()
        with account("inner"):
            pass
    assert spent.keys() == {"outer"}
    assert spent["outer"] >= BLOCK_SECONDS


def test_blocks_after_one_another_are_booked_apart(spent):
    """When a block has ended, the next one is booked for itself."""
    with account("outer"), account("inner"):
        pass
    with account("next"):
        pass_time()
    assert spent["next"] >= BLOCK_SECONDS


def test_a_block_that_fails_is_booked_too(spent):
    """Time that ended in an exception was spent all the same, and the next block is not inside it."""
    fail = account("failing")(pass_time_and_fail)
    with pytest.raises(LookupError):
        fail()
    with account("next"):
        pass
    assert spent["failing"] >= BLOCK_SECONDS
    assert "next" in spent


def test_another_threads_time_is_nobodys(spent):
    """What other threads do meanwhile costs no time of the session's own."""

    def other():
        with account("other"):
            pass_time()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert spent == {}


def test_the_floor_is_made_of_what_no_test_could_save(sessions):
    """The summary and run.json show where the time went: waits are in the floor, and the parts add up to the whole."""
    outcome = sessions("""\
        import threading

        def test_it(eventually):
            event = threading.Event()
            threading.Timer(0.2, event.set).start()
            eventually(event.is_set)
    """)
    spent = outcome.run["time"]
    parts = {part["what"]: part for part in spent["parts"]}
    assert 0.1 <= parts[timing.CONDITIONS]["seconds"] <= spent["floor_seconds"] < spent["wall_seconds"]
    assert parts[timing.CONDITIONS]["in_floor"]
    assert not parts["the tests' own work"]["in_floor"]
    assert sum(part["seconds"] for part in spent["parts"]) == pytest.approx(spent["wall_seconds"], abs=0.01)
    assert "where the time went" in outcome.output
    assert "times the floor" in outcome.output
