"""Many targets at once, and what follows: which region is nearest, by what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sysdesign.networking.latency_and_data_centers.samples import Hop, NotMeasured, Sample, Target

AT_ONCE = 100


class Engine(Protocol):
    """A way to measure round trips."""

    name: str

    def ping(self, target: Target, probes: int = 5, interval: float = 0.2, patience: float = 2.0) -> Sample:
        """Return the round trips of so many probes. Raises NotMeasured."""


class Tracer(Protocol):
    """A way to see the routers on the way."""

    def trace(self, target: Target, patience: float = 2.0) -> list[Hop]:
        """Return every router on the way and the target. Raises NotMeasured."""


def survey(
    engine: Engine,
    targets: Iterable[Target],
    probes: int = 5,
    interval: float = 0.2,
    patience: float = 2.0,
    at_once: int = AT_ONCE,
) -> list[Sample | NotMeasured]:
    """Measure all targets, many at once; where one cannot be measured, its reason stands in its place."""

    def measure(target: Target) -> Sample | NotMeasured:
        try:
            return engine.ping(target, probes, interval, patience)
        except NotMeasured as why:
            return why

    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(measure, targets))


def measure(engines: Sequence[Engine], target: Target, **how: float) -> tuple[Sample, list[NotMeasured]]:
    """Measure with the first engine that may, and tell why those before it may not.

    Raises:
        NotMeasured: None may, or one may and there is nothing to measure.
    """
    refused: list[NotMeasured] = []
    for engine in engines:
        try:
            return engine.ping(target, **how), refused  # type: ignore[arg-type]
        except NotMeasured as why:
            if why.reason not in {"not permitted", "no such program"}:
                raise
            refused.append(why)
    raise refused[-1]


def nearest_first(samples: Mapping[str, Sample | NotMeasured]) -> list[str]:
    """Return the regions in the order of their median round trips; those that cannot be measured are left out.

    Round trips and not kilometres: packets go where cables lie, not where maps are short.
    """
    reached = {region: sample for region, sample in samples.items() if isinstance(sample, Sample)}
    return sorted(reached, key=lambda region: reached[region].typical)
