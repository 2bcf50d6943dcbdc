"""The gauge of memory sees what a process holds, also what it holds for a moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fixtures import memory

MEBIBYTE = 2**20
HELD_BYTES, NOISE_BYTES = 64 * MEBIBYTE, 8 * MEBIBYTE
CHILD = """\
import sys, time
for line in sys.stdin:
    held = b"x" * int(line)
    time.sleep(0.05)
    del held
    print("done", flush=True)
"""


@pytest.fixture
def child():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CHILD], **pipes) as process:
        hold(process, 1)  # it runs now
        yield process
        process.stdin.close()


def hold(process, count):
    print(count, file=process.stdin, flush=True)
    return process.stdout.readline()


@pytest.mark.parametrize("gauge", [memory.grown, memory._sampled], ids=["kept by the system", "sampled"])
def test_what_was_held_for_a_moment_is_seen(child, gauge):
    """A process that has held 64 MiB for a moment has grown by that much, though it has given it all back."""
    with gauge(child.pid) as growth:
        before = 0 if gauge is memory.grown else growth()
        hold(child, HELD_BYTES)
        peak = None if gauge is memory.grown else growth()
    grown = growth.peak_bytes if peak is None else peak - before

    assert abs(grown - HELD_BYTES) <= NOISE_BYTES


def test_what_was_held_before_is_not_counted(child):
    """An earlier peak is not counted to a later one."""
    hold(child, HELD_BYTES)
    with memory.grown(child.pid) as growth:
        hold(child, MEBIBYTE)

    assert growth.peak_bytes <= NOISE_BYTES


def test_a_function_is_weighed_in_a_process_that_has_nothing_to_spare():
    """What a function holds is seen, though this process has just held more, and need not grow for it."""
    bytes(HELD_BYTES)
    result, grown_by = memory.growth_of("secrets:token_hex", 1, 8 * MEBIBYTE)

    assert len(result) == 16 * MEBIBYTE
    assert 24 * MEBIBYTE - NOISE_BYTES <= grown_by <= HELD_BYTES


def test_a_function_that_fails_says_why():
    """What went wrong in the other process is told in this one."""
    with pytest.raises(RuntimeError, match="no_such_function"):
        memory.growth_of("fixtures.memory:no_such_function", 1, 2)
