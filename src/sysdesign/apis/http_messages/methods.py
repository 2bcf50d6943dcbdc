"""Methods, and what becomes of those that nobody knows."""

from __future__ import annotations

from .limits import check_target
from .messages import Problem

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"]
"""Those that the server knows: what a resource does not know of them is 405, all others are 501 (RFC 9110 §9.1)."""


def nowhere(status: int, target: str) -> Problem:
    """Return what refuses a request that no resource has got: 414, 404, or by a method that nobody knows 501."""
    try:
        check_target(target)
    except Problem as problem:
        return problem
    if status == 404:
        return Problem(404, "There is nothing at this address.")
    return Problem(501, "Nobody here knows this method.") if status == 405 else Problem(status, "Not so.")
