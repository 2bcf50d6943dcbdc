"""Takes whatever the least squares give: noise becomes a negative contention, and the forecast more than proportional."""

from implementation import *
from sysdesign.storage.scaling import Curve

CAUGHT_BY = ("test_the_fit_finds_the_law_that_made_the_points",)


def fit(points):
    import numpy as np

    size, throughput = np.array(points, dtype=float).T
    unknowns = np.stack([np.ones_like(size), size - 1, size * (size - 1)], axis=1)
    costs = np.linalg.lstsq(unknowns, size / throughput, rcond=None)[0]
    return Curve(1 / costs[0], costs[1] / costs[0], costs[2] / costs[0])
