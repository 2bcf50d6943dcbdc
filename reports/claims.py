"""The table of claims and engines: what each test claims, and what became of it on each engine."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.figures import THIN_SPACE, number
from reports.results import VERDICTS
from reports.specifications import Definition

ABSENT = "not in this run"
DIFFERS = "differs"
GLYPHS = {"held": "✓", DIFFERS: "≠", "broken": "✗", "not observed": "○", "not reached": "⊘", ABSENT: "·"}
WORST_FIRST = ("broken", "not reached", "not observed", DIFFERS, "held")

Test = dict[str, Any]


@dataclass
class Notes:
    """Footnotes of a page: the same text has the same number."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """The number of a note, which is added where it is new."""
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


@dataclass(frozen=True)
class Cell:
    """What became of a claim on one engine, or, with `span` above 1, on no engine in particular."""

    engine: str
    verdicts: tuple[tuple[str, int], ...]
    notes: tuple[int, ...] = ()
    span: int = 1


@dataclass(frozen=True)
class Failure:
    """How a test failed."""

    where: str
    kind: str
    message: str


@dataclass(frozen=True)
class Claim:
    """A row of the table."""

    name: str
    sentence: str
    link: str
    cells: tuple[Cell, ...]
    observations: tuple[tuple[str, str], ...]
    failures: tuple[Failure, ...]


def engines_of(tests: Iterable[Test]) -> tuple[str, ...]:
    """The engines of a concept, in the order in which its tests come to them."""
    return tuple(dict.fromkeys(test["engine"] for test in tests if test["engine"] is not None))


def claim(test: Definition, link: str, results: Sequence[Test], engines: Sequence[str], notes: Notes) -> Claim:
    """One row: all that a run knows of one test function."""
    failures = (
        Failure(_where(result), result["failure"]["type"], result["failure"]["message"])
        for result in results
        if result["failure"]
    )
    cells = tuple(_cells(results, engines, notes))
    return Claim(test.name, test.summary or test.name, link, cells, _observations(results), tuple(failures))


def verdict_of(test: Test) -> str:
    """A test's verdict; a difference that was named and confirmed is told apart from a claim that held."""
    return DIFFERS if test["differs"] and test["verdict"] == "held" else str(test["verdict"])


def states(tests: Iterable[Test]) -> tuple[tuple[str, int], ...]:
    """How many tests came to each verdict, without those that none came to."""
    counts = Counter(test["verdict"] for test in tests)
    return tuple((verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict])


def _cells(tests: Sequence[Test], engines: Sequence[str], notes: Notes) -> Iterable[Cell]:
    on_an_engine = [test for test in tests if test["engine"] is not None]
    if not on_an_engine:
        yield _cell("", tests, notes, span=max(1, len(engines)))
        return
    for engine in engines:
        yield _cell(engine, [test for test in on_an_engine if test["engine"] == engine], notes)


def _cell(engine: str, tests: Sequence[Test], notes: Notes, span: int = 1) -> Cell:
    counts = Counter(verdict_of(test) for test in tests)
    verdicts = tuple((verdict, counts[verdict]) for verdict in WORST_FIRST if counts[verdict])
    texts = [text for test in tests for text in (test["differs"], test["reason"]) if text]
    numbers = tuple(dict.fromkeys(notes.number(text) for text in texts))
    return Cell(engine, verdicts or ((ABSENT, 1),), numbers, span)


def _observations(tests: Sequence[Test]) -> tuple[tuple[str, str], ...]:
    """What was seen, and where engines disagree, on which: `20 requests (redis) · 21 requests (nginx)`."""
    seen: dict[str, dict[str, list[str]]] = {}
    for test in tests:
        for observation in test["observations"]:
            text = f"{number(observation['value'])}{THIN_SPACE}{observation['unit']}".strip()
            seen.setdefault(observation["what"], {}).setdefault(text, []).append(_where(test))
    everywhere = len({_where(test) for test in tests})
    return tuple((what, _told(values, everywhere)) for what, values in seen.items())


def _told(values: dict[str, list[str]], everywhere: int) -> str:
    if len(values) == 1:
        ((text, places),) = values.items()
        return text if len(set(places)) == everywhere else f"{text} ({', '.join(dict.fromkeys(filter(None, places)))})"
    texts = []
    for text, places in values.items():
        named = ", ".join(dict.fromkeys(filter(None, places)))
        texts.append(f"{text} ({named})" if named else text)
    return " · ".join(texts)


def _where(test: Test) -> str:
    return " ".join(filter(None, (test["engine"], test["variant"])))
