"""Fits Amdahl's law: whatever the points are, more is never less."""

from implementation import *
from sysdesign.storage.scaling import Curve

CAUGHT_BY = ("test_the_fit_finds_the_law_that_made_the_points",)


def fit(points):
    import numpy as np

    size, throughput = np.array(points, dtype=float).T
    costs = np.linalg.lstsq(np.stack([np.ones_like(size), size - 1], axis=1), size / throughput, rcond=None)[0]
    return Curve(1 / costs[0], max(0.0, costs[1] / costs[0]), 0.0)
