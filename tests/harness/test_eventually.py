"""Awaiting: a condition is asked until it holds, and what it said last is told when it never does."""

import threading
import time

import pytest

from fixtures import timing

SHORT_SECONDS = 0.05


def test_a_condition_that_holds_is_returned_at_once(eventually):
    """What is true already is asked once, and its value returned."""
    asked = []
    assert eventually(lambda: asked.append("once") or "value") == "value"
    assert asked == ["once"]


def test_a_condition_is_asked_until_it_holds(eventually):
    """What is not true yet is asked again, and its first true value returned."""
    answers = iter([0, "", None, [], 42, 43])
    assert eventually(lambda: next(answers)) == 42
    assert next(answers) == 43


def test_an_exception_counts_as_not_yet(eventually):
    """A condition that cannot even be asked yet is asked again."""
    answers = iter([ConnectionRefusedError("not yet"), AssertionError("nor now"), True])

    def condition():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert eventually(condition)


def test_it_gives_up_after_its_time_and_not_before(eventually):
    """Waiting ends after the seconds that were given, with an assertion that says what the condition returned."""
    begin = time.monotonic()
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: the condition last returned ''"):
        eventually(lambda: "", within=SHORT_SECONDS)
    assert time.monotonic() - begin >= SHORT_SECONDS


def test_it_tells_what_the_condition_raised(eventually):
    """When waiting ends, the condition's own exception is shown, and is the cause."""

    def condition():
        raise ValueError("too few")

    with pytest.raises(AssertionError, match=r"raised ValueError\('too few'\)") as failure:
        eventually(condition, within=SHORT_SECONDS)
    assert isinstance(failure.value.__cause__, ValueError)


def test_no_time_still_asks_once(eventually):
    """A condition is asked at least once, however little time it is given."""
    assert eventually(lambda: True, within=0)


def test_an_interrupt_is_no_answer(eventually):
    """Ctrl-C in a condition ends the waiting."""

    def condition():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        eventually(condition)


def test_what_another_thread_does_is_seen(eventually):
    """The condition is about the world: whoever makes it true ends the waiting."""
    event = threading.Event()
    threading.Timer(SHORT_SECONDS, event.set).start()
    assert eventually(event.is_set)


def test_the_waiting_is_booked(eventually):
    """The seconds that were waited belong to the floor, and are booked as such."""
    before = timing.spent[timing.CONDITIONS]
    with pytest.raises(AssertionError):
        eventually(lambda: False, within=SHORT_SECONDS)
    assert timing.spent[timing.CONDITIONS] - before >= SHORT_SECONDS
