"""Metrics: what passes, counted where it passes, and told as Prometheus reads it."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BOUNDS_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Upper ends of the ranges in which times are counted."""


class Metrics:
    """The figures of a gateway. A label is a route's path, never a caller's: of paths there are few."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, bytes], list[float]] = {}
        """By route and status: how many took how long, range by range, and at the end how many seconds they took together."""
        self.cut: Counter[str] = Counter()
        """Answers that broke off in the middle."""
        self.reloads: Counter[str] = Counter()

    def answered(self, route: str, status: bytes, seconds: float) -> None:
        """Count an answer that begins, so long after its request had come."""
        figures = self._answers.get((route, status))
        if figures is None:
            figures = self._answers[route, status] = [0] * (len(BOUNDS_SECONDS) + 2)
        figures[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        figures[-1] += seconds

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterable[Metric]:
        """Tell the figures to the library that writes them down."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        answers = CounterMetricFamily("gateway_requests", "Answers.", labels=["route", "status"])
        routes: dict[str, list[list[float]]] = {}
        for (route, status), figures in self._answers.items():
            answers.add_metric([route, status.decode()], sum(figures[:-1]))
            routes.setdefault(route, []).append(figures)
        times = HistogramMetricFamily("gateway_request_seconds", "Until an answer began.", labels=["route"])
        for route, rows in routes.items():
            *counts, seconds = map(sum, zip(*rows, strict=True))
            bounds = zip([*map(str, BOUNDS_SECONDS), "+Inf"], itertools.accumulate(counts), strict=True)
            times.add_metric([route], list(bounds), seconds)
        cut = CounterMetricFamily("gateway_answers_cut", "Answers that broke off.", labels=["route"])
        for route, count in self.cut.items():
            cut.add_metric([route], count)
        reloads = CounterMetricFamily("gateway_reloads", "Configurations read.", labels=["result"])
        for result, count in self.reloads.items():
            reloads.add_metric([result], count)
        return answers, times, cut, reloads
