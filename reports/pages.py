"""What the pages show, gathered from a run, from the fate of the broken variants and from the repository's sources."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports import cache_suite
from reports.charts import Key, Table, legend, pictures, table
from reports.claims import Claim, Notes, Test, claim, engines_of, states
from reports.listings import (
    Listing,
    links_across,
    links_from_definitions,
    links_within,
    listing,
)
from reports.names import Place
from reports.specifications import Definition, Source
from sysdesign.concepts import CONCEPTS, PARTS, Concept

PART_TITLES = {"networking": "Networking", "apis": "APIs", "storage": "Storage", "distributed": "Distributed systems"}


@dataclass(frozen=True)
class Picture:
    """A chart of one test."""

    title: str
    caption: str
    origin: Test
    drawings: dict[str, Markup]
    legend: tuple[Key, ...]
    data: Table


@dataclass(frozen=True)
class Measurement:
    """A ratio of two things that a test measured in turns."""

    origin: Test
    ratio: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One line of a comparison: who answered the question, how quickly, and how many times the fastest took."""

    origin: Test
    figures: dict[str, Any]
    factor: float
    share: float


@dataclass(frozen=True)
class Variant:
    """A broken variant, and what became of it where it was tried."""

    name: str
    wrong: str
    caught_by: tuple[str, ...]
    verdict: str
    detail: str
    listing: Listing


@dataclass(frozen=True)
class Suite:
    """A public test suite: how it is run, and what the engines did in each of its groups."""

    name: str
    command: str
    engines: dict[str, str]
    rows: tuple[cache_suite.Row, ...]
    not_claimed: dict[str, str]


@dataclass(frozen=True)
class Page:
    """A concept's page. What it shows is gathered when the template asks for it."""

    concept: Concept
    root: Path
    tests: list[Test]
    tried: list[dict[str, Any]]
    products: dict[str, str]

    @property
    def part(self) -> str:
        """The part's title."""
        return PART_TITLES[self.concept.part]

    @property
    def is_written(self) -> bool:
        """Whether the concept has a specification."""
        return (self.root / self.concept.specification).exists()

    @property
    def states(self) -> tuple[tuple[str, int], ...]:
        """How many tests came to each verdict."""
        return states(self.tests)

    @cached_property
    def specification(self) -> Source:
        """The test module."""
        return Source.read(self.root, self.concept.specification)

    @cached_property
    def implementations(self) -> dict[str, Source]:
        """The files of the implementation by their anchors: a module, or all of a package."""
        module = self.root / self.concept.implementation
        package = module.with_suffix("")
        found = [module] if module.exists() else []
        found += sorted(path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        paths = [path.relative_to(self.root).as_posix() for path in found]
        anchors = ["implementation", *(f"implementation-{path.stem.strip('_')}" for path in found[1:])]
        return {anchor: Source.read(self.root, path) for anchor, path in zip(anchors, paths, strict=False)}

    @cached_property
    def engines(self) -> tuple[str, ...]:
        """The engines on which the tests ran."""
        return engines_of(self.tests)

    @cached_property
    def notes(self) -> Notes:
        """The footnotes of the table of claims."""
        return Notes()

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The rows of the table, in reading order."""
        results: dict[str, list[Test]] = {test.name.rpartition(".")[2]: [] for test in self.specification.tests}
        for result in self.tests:
            results.setdefault(result["name"], []).append(result)
        written = {test.name.rpartition(".")[2]: test for test in self.specification.tests}
        rows = []
        for name, own in results.items():
            test = written.get(name) or Definition(name, 0, own[0]["claim"], is_function=True)
            link = f"#specification-{test.line}" if name in written else "#specification"
            rows.append(claim(replace(test, name=name), link, own, self.engines, self.notes))
        return tuple(rows)

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The charts of all tests."""
        charts = [(test, chart) for test in self.tests for chart in test["charts"]]
        return tuple(
            Picture(
                chart["title"], chart["caption"], test, pictures(chart, f"picture-{index}"), legend(chart), table(chart)
            )
            for index, (test, chart) in enumerate(charts, 1)
        )

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The ratios of all tests."""
        return tuple(Measurement(test, ratio) for test in self.tests for ratio in test["ratios"])

    @property
    def comparisons(self) -> dict[str, tuple[Entry, ...]]:
        """The benchmarks by the question they answer, the fastest first."""
        groups: dict[str, list[Test]] = {}
        for test in self.tests:
            if test["benchmark"]:
                groups.setdefault(test["benchmark"]["group"], []).append(test)
        return {group: _compared(tests) for group, tests in groups.items()}

    @cached_property
    def suite(self) -> Suite | None:
        """The public test suite that the concept's engines were put to, whether it was run or not."""
        if self.concept.name != "cdn":
            return None
        results = cache_suite.read_results(self.root)
        if results is None:
            return Suite("http-cache-tests", cache_suite.COMMAND, {}, (), cache_suite.NOT_CLAIMED)
        rows = tuple(cache_suite.rows(results["groups"]))
        return Suite(results["suite"], cache_suite.COMMAND, results["engines"], rows, cache_suite.NOT_CLAIMED)

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The broken variants."""
        paths = sorted((self.root / "tests" / "broken" / self.concept.name).glob("[!_]*.py"))
        return tuple(self._variant(Source.read(self.root, path.relative_to(self.root).as_posix())) for path in paths)

    @cached_property
    def specification_listing(self) -> Listing:
        """The specification, its names linked to claims and definitions."""
        source = self.specification
        links = self._links_to_implementation(source) | links_within(source, "specification")
        links |= links_from_definitions(source, {row.name: f"#{row.name}" for row in self.claims})
        return listing(source, "specification", links)

    @cached_property
    def implementation_listings(self) -> tuple[Listing, ...]:
        """The implementation, its names linked to their definitions."""
        return tuple(
            listing(source, anchor, self._links_to_implementation(source) | links_within(source, anchor))
            for anchor, source in self.implementations.items()
        )

    def _links_to_implementation(self, source: Source) -> dict[Place, str]:
        links: dict[Place, str] = {}
        for anchor, implementation in self.implementations.items():
            for module in (self.concept.module, "implementation"):
                links |= links_across(source, module, implementation, anchor)
        return links

    def _variant(self, source: Source) -> Variant:
        name = Path(source.path).stem
        fate = next((each for each in self.tried if each["path"] == source.path), None)
        anchor = f"broken-{name}"
        return Variant(
            name,
            source.summary,
            tuple(fate["caught_by"]) if fate else source.tests_named,
            fate["verdict"] if fate else "not tried",
            fate["detail"] if fate else "",
            listing(source, anchor, self._links_to_implementation(source) | links_within(source, anchor)),
        )


def pages(root: Path, run: dict[str, Any], broken: dict[str, Any]) -> list[Page]:
    """A page for each of the thirty."""
    products = {server["name"]: server["product"] for server in run["servers"]}
    return [
        Page(
            concept,
            root,
            sorted((test for test in run["tests"] if test["concept"] == concept.name), key=lambda test: test["order"]),
            [variant for variant in broken["variants"] if variant["concept"] == concept.name],
            products,
        )
        for concept in CONCEPTS
    ]


def by_part(everything: Iterable[Page]) -> dict[str, list[Page]]:
    """The pages under the titles of their parts."""
    return {PART_TITLES[part]: [page for page in everything if page.concept.part == part] for part in PARTS}


def _compared(tests: Sequence[Test]) -> tuple[Entry, ...]:
    ranked = sorted(tests, key=lambda test: float(test["benchmark"]["median_seconds"]))
    fastest = ranked[0]["benchmark"]["median_seconds"] or 1e-12
    slowest = ranked[-1]["benchmark"]["median_seconds"] or 1e-12
    return tuple(
        Entry(
            test,
            test["benchmark"],
            test["benchmark"]["median_seconds"] / fastest,
            test["benchmark"]["median_seconds"] / slowest,
        )
        for test in ranked
    )
