"""Schedules: what goes wrong in a run, and when, drawn from a seed.

The same seed gives the same schedule again: what is done to the nodes, not how their threads and packets then fall. A rare failure may
take several replays.

Free schedules find what is broken anywhere. Some mistakes need three faults in the right order: the plots are those orders that have
broken real stores, with times and victims left to chance.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

ACTIONS = ("isolate", "deafen", "mute", "bridge", "pause", "crash", "heal")
DEPOSING = ("isolate", "mute", "pause")
LEADER = 0
OTHERS = (1, 2)
NEAR = OTHERS[0]
BRIEF_SECONDS = (0.1, 0.2)
CRASH_SECONDS = (0.0, 0.05)
"""About as long as a process takes to come back: the next fault finds it starting, or new."""
ELECTION_SECONDS = (0.28, 0.4)
"""In which those that have lost their leader elect another, and work with it for a while."""
RETURN_SECONDS = (0.3, 0.5)
"""In which a process that was killed is back, and the leader that it is left with has not given up yet."""


class Step(NamedTuple):
    """One fault: isolate, deafen (it hears nobody), mute (nobody hears it), bridge (it alone is heard by all), pause, crash, heal.

    A partition stays until the next one or until it heals; a pause ends with its step; what has crashed is restarted at once, on its disk.
    """

    action: str
    victim: int
    """Its rank at that moment: LEADER, or one of the others, those first that the leader can reach."""
    seconds: float

    def __str__(self) -> str:
        """Return what is done to whom."""
        whom = (
            ""
            if self.action == "heal"
            else " the leader"
            if self.victim == LEADER
            else f" node {self.victim} of the others"
        )
        return f"{self.action}{whom} for {self.seconds:.2f} s"


@dataclass(frozen=True)
class Schedule:
    """A seed and what it gives."""

    seed: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Return the seed and the steps, as they are to be printed with a failure."""
        return f"schedule {self.seed}: " + ", then ".join(map(str, self.steps))


def draw(seed: int) -> Schedule:
    """Draw the schedule of a seed. Seeds that follow one another take the plots in turn, so that a few of them have met all."""
    chance = random.Random(seed)
    plot = PLOTS[seed % len(PLOTS)]
    steps = [Step(action, victim, _seconds(chance, action, victim)) for action, victim in plot(chance)]
    if plot is _handover:
        steps[-1] = steps[-1]._replace(seconds=chance.uniform(*RETURN_SECONDS))
    return Schedule(seed, tuple(steps))


def _seconds(chance: random.Random, action: str, victim: int) -> float:
    if action == "crash":
        return chance.uniform(*CRASH_SECONDS)
    return chance.uniform(*(ELECTION_SECONDS if victim == LEADER and action in DEPOSING else BRIEF_SECONDS))


def _free(chance: random.Random) -> list[tuple[str, int]]:
    return [(chance.choice(ACTIONS), chance.choice((LEADER, *OTHERS))) for _ in range(3)]


def _handover(chance: random.Random) -> list[tuple[str, int]]:
    """The leader is cut off, who has voted for the next one crashes, and when it is back the old leader is there instead of the new one."""
    return [("isolate", LEADER), (chance.choice(("crash", "crash", "crash", "pause")), NEAR), ("isolate", LEADER)]


def _overtaking(chance: random.Random) -> list[tuple[str, int]]:
    """A node that has missed writes stands for election while the one that had them is cut off."""
    return [("isolate", chance.choice(OTHERS)), ("isolate", LEADER), (chance.choice(("heal", "isolate")), LEADER)]


def _awakening(chance: random.Random) -> list[tuple[str, int]]:
    """A leader sleeps through its deposition and wakes up in the minority."""
    return [
        ("pause", LEADER),
        (chance.choice(("isolate", "mute", "deafen")), chance.choice((LEADER, *OTHERS))),
        ("heal", LEADER),
    ]


PLOTS = (_handover, _overtaking, _free, _handover, _overtaking, _handover, _awakening)
