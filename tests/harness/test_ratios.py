"""Ratios: costs measured in turns come out as they are, and the interval keeps what it promises."""

import gc
import itertools
import os
import random
import statistics

import pytest

from fixtures.ratios import interval_of_median, measure_ratio, one_core

SIMULATIONS = 2_000
CONFIDENCE = 0.95


class Machine:
    """A clock that only the work itself moves, with the noise of a machine that others use."""

    def __init__(self, noise=0.0, seed=0):
        self.now = 0.0
        self.noise = noise
        self.chance = random.Random(seed)
        self.done = []

    def __call__(self):
        return self.now

    def work(self, name, seconds):
        def run():
            self.done.append(name)
            self.now += seconds * (1 + self.noise * self.chance.expovariate(1))

        return run


@pytest.mark.parametrize("seed", range(5))
def test_a_thing_costs_as_much_as_itself(seed):
    """Two things of the same cost, on a noisy machine, have a ratio of about one, and their interval holds it."""
    machine = Machine(noise=0.5, seed=seed)
    same = measure_ratio(machine.work("a", 0.001), machine.work("b", 0.001), pairs=31, clock=machine)
    assert same.low <= 1 <= same.high
    assert same.median == pytest.approx(1, abs=0.1)


def test_three_times_the_cost_is_a_ratio_of_three():
    """A known cost of three to one is measured as exactly that where nothing disturbs."""
    machine = Machine()
    measured = measure_ratio(machine.work("a", 0.003), machine.work("b", 0.001), clock=machine)
    assert (measured.low, measured.median, measured.high) == (pytest.approx(3),) * 3


def test_a_disturbance_of_both_leaves_the_ratio_alone():
    """A machine that grows ten times slower during the measurement slows both, and the ratio stays."""
    machine = Machine()
    slowness = itertools.count(1)

    def slower(seconds):
        def run():
            machine.now += seconds * (1 + next(slowness) / 2_000)

        return run

    measured = measure_ratio(slower(0.003), slower(0.001), clock=machine)
    assert measured.median == pytest.approx(3, rel=0.02)


def test_the_order_alternates_from_pair_to_pair():
    """Each pair is measured in the reverse order of the one before: A B, B A, A B."""
    machine = Machine()
    works = {name: machine.work(name, 1.0) for name in "ab"}
    measure_ratio(works["a"], works["b"], pairs=4, slice_seconds=1.0, clock=machine)
    assert "".join(machine.done[-8:]) == "abbaabba"


def test_each_side_fills_its_slice():
    """The quick and the slow are each called as often as fills a slice, so that neither is lost in the clock's grain."""
    machine = Machine()
    measure_ratio(machine.work("a", 0.010), machine.work("b", 0.001), pairs=6, slice_seconds=0.02, clock=machine)
    counted = machine.done[-6 * (2 + 20) :]
    assert (counted.count("a"), counted.count("b")) == (6 * 2, 6 * 20)


def test_it_is_measured_in_as_many_pairs_as_asked():
    """The number of pairs is the caller's choice, and stands in the result."""
    machine = Machine()
    assert measure_ratio(machine.work("a", 0.01), machine.work("b", 0.01), pairs=7, clock=machine).pairs == 7


def test_where_the_number_of_calls_is_known_nothing_is_called_to_find_it_out():
    """Work that takes long is done once to warm up, and then as often as it is measured."""
    machine = Machine()
    measured = measure_ratio(machine.work("a", 3), machine.work("b", 1), pairs=6, repeats=2, clock=machine)

    assert (machine.done.count("a"), machine.done.count("b")) == (1 + 6 * 2, 1 + 6 * 2)
    assert measured.median == pytest.approx(3)


def test_the_interval_holds_the_median_as_often_as_it_says():
    """Over thousands of skewed samples the 95 % interval holds the true median in at least 95 of 100."""
    chance = random.Random(1)
    true_median = statistics.NormalDist().inv_cdf(0.5)  # of the logarithm: 0
    held = 0
    for _ in range(SIMULATIONS):
        low, high = interval_of_median([chance.lognormvariate(true_median, 1.0) for _ in range(15)])
        held += low <= 1.0 <= high
    assert held / SIMULATIONS >= CONFIDENCE - 0.01  # two standard errors


@pytest.mark.parametrize(("pairs", "left_out"), [(6, 0), (9, 1), (15, 3), (31, 9)])
def test_the_interval_is_the_textbooks(pairs, left_out):
    """The interval's ends are the order statistics that tables of the sign test give."""
    assert interval_of_median(list(range(pairs))) == (left_out, pairs - 1 - left_out)


@pytest.mark.parametrize("pairs", [1, 2, 3, 5])
def test_a_small_sample_gives_its_whole_range(pairs):
    """Fewer than six pairs cannot carry 95 %, and the interval is all that was seen."""
    assert interval_of_median([float(number) for number in range(pairs)]) == (0, pairs - 1)


def test_the_garbage_collector_rests_meanwhile_and_no_longer():
    """No collection strikes one side by chance, and afterwards the collector runs as before, even if the work fails."""
    machine, was_on = Machine(), []

    def work():
        machine.now += 1
        was_on.append(gc.isenabled())
        if len(was_on) == 10:
            raise LookupError

    with pytest.raises(LookupError):
        measure_ratio(work, machine.work("b", 1), slice_seconds=1, clock=machine)
    assert not was_on[-1]
    assert gc.isenabled()


def test_the_fixture_keeps_what_it_measured(ratio):
    """What the fixture returns is what the handbook shows."""
    machine = Machine()
    measured = ratio("slow ÷ fast", machine.work("a", 0.02), machine.work("b", 0.01), pairs=6, clock=machine)
    assert ratio._record.ratios == [
        {"what": "slow ÷ fast", "median": measured.median, "low": measured.low, "high": measured.high, "pairs": 6}
    ]


def test_a_real_clock_gives_a_ratio_of_real_work(ratio):
    """On this machine, ten times the work costs several times as much."""
    measured = ratio("2000 ÷ 200", lambda: sum(range(2_000)), lambda: sum(range(200)), pairs=9, slice_seconds=0.002)
    assert measured.low > 2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux sets on which cores a process runs")
def test_one_core_is_shared_and_given_back(redis_server):
    """While a round trip is measured both ends stay on one core; afterwards they roam as before."""
    before = os.sched_getaffinity(0)
    with one_core(redis_server):
        assert len(os.sched_getaffinity(0)) == 1
        assert all(os.sched_getaffinity(pid) == os.sched_getaffinity(0) for pid in redis_server.pids)
    assert os.sched_getaffinity(0) == before
    assert all(os.sched_getaffinity(pid) == before for pid in redis_server.pids)
