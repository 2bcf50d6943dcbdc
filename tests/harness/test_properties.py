"""Property tests are not failed by a machine that is slow, and take the same inputs for the same seed."""

import time

from fixtures.properties import seeded


def inputs(seed):
    from hypothesis import Phase, given
    from hypothesis import strategies as st

    seen = []

    @seeded(seed, max_examples=10, phases=[Phase.generate])
    @given(number=st.integers())
    def note(number):
        seen.append(number)

    note()
    return seen


def test_the_seed_makes_the_inputs():
    """The same seed makes the same inputs, another one makes others."""
    assert inputs(1) == inputs(1) != inputs(2)


def test_inputs_that_take_long_to_make_and_to_try_are_no_failure():
    """Neither an input that is slow to make nor one that is slow to try fails a test whose claim holds."""
    from hypothesis import given
    from hypothesis import strategies as st

    slow = st.integers().map(lambda number: time.sleep(0.15) or number)

    @seeded(1, max_examples=12)
    @given(number=slow)
    def try_slowly(number):
        time.sleep(0.25 if number == 0 else 0)

    try_slowly()
