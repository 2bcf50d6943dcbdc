"""Deaths: what is tried is killed behind each of its steps, and a test learns how it ended."""

import signal
from types import SimpleNamespace

import pytest

from fixtures.deaths import act_behind, doomed


@pytest.fixture(scope="module")
def process():
    """A process that tries expressions with paths; to touch a file is a step."""
    with doomed("pathlib", steps="touch", of=["Path"]) as process:
        yield process


@pytest.fixture
def touch(tmp_path):
    """An expression that touches three files, in a folder for each number."""

    def touch(number):
        (tmp_path / str(number)).mkdir()
        return f"[Path({str(tmp_path)!r}, '{number}', name).touch() for name in 'abc']"

    return touch


def touched(folder):
    return "".join(sorted(path.name for path in folder.iterdir()))


def test_each_attempt_dies_one_step_later_until_one_survives(process, touch, tmp_path):
    """Of three steps each is the last of one attempt, and the fourth attempt gets through."""
    left = [touched(tmp_path / str(number)) for number in process.deaths(touch)]

    assert left == ["a", "ab", "abc", "abc"]


def test_several_attempts_live_at_the_same_time(process, tmp_path):
    """Each waits for what the other has written: one after the other, none would end."""
    until = "any(Path({0!r}, {2!r}).exists() for _ in iter(int, 1))"
    meet = f"[Path({{0!r}}, {{1!r}}).touch(), {until}, {{3}}]"
    lives = [meet.format(str(tmp_path), *names) for names in (("a", "b", "die()"), ("b", "a", "None"))]

    assert process.attempts(*lives) == [-signal.SIGKILL, 0]


def test_an_attempt_says_how_it_has_ended(process, touch, tmp_path):
    """An attempt that is let live ends with 0, one that is killed with its signal."""
    assert process.attempt(touch(1)) == 0
    assert process.attempt(touch(2), behind=2) == -signal.SIGKILL
    assert (touched(tmp_path / "1"), touched(tmp_path / "2")) == ("abc", "ab")


def test_a_file_that_grows_too_long_is_a_death(process, tmp_path):
    """A process that writes more than it may is ended by the kernel, when it has written as much."""
    assert process.attempt(f"Path({str(tmp_path)!r}, 'long').write_bytes(b'x' * 100)", file_bytes=100) == 0
    ended = process.attempt(f"[Path({str(tmp_path)!r}, name).write_bytes(b'x' * 101) for name in 'ab']", file_bytes=100)

    assert ended == -signal.SIGXFSZ
    assert not (tmp_path / "b").exists()


def test_an_error_is_no_death(process):
    """An attempt that fails by itself is not taken for one that was killed: the test fails."""
    with pytest.raises(AssertionError, match="attempt 1 ended with 1"):
        list(process.deaths(lambda _: "unknown"))


def test_something_happens_behind_a_step_of_several_objects():
    """Steps are counted over all objects together, and what is to happen happens once, behind the right one."""
    done = []
    one, other = (SimpleNamespace(step=lambda what: done.append(what) or what) for _ in range(2))
    act_behind(3, lambda: done.append("now"), [one, other], "step")

    assert [one.step("a"), other.step("b"), one.step("c"), other.step(what="d")] == ["a", "b", "c", "d"]
    assert done == ["a", "b", "c", "now", "d"]


def test_steps_may_be_methods_of_several_names():
    """Where several methods are steps, all their calls are counted together, each owner's by the methods that it has."""
    done = []
    one, other = SimpleNamespace(read=done.append), SimpleNamespace(write=done.append)
    act_behind(2, lambda: done.append("now"), [one, other], "read", "write")

    one.read("a"), other.write("b"), one.read("c")
    assert done == ["a", "b", "now", "c"]
