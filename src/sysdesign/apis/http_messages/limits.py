"""How much of a request is read: what is too long is refused by its head, before anybody waits for the rest."""

from __future__ import annotations

from collections.abc import Mapping

from .messages import Problem

MAX_TARGET_BYTES = 2_048
MAX_FIELDS_BYTES = 8_192
MAX_BODY_BYTES = 16_384


def check_head(target: str, headers: Mapping[str, str]) -> None:
    """Hold the head of a request to the limits.

    Args:
        target: Path and query as they came.
        headers: The fields, by their names in lower case.

    Raises:
        Problem: 414 (RFC 9110 §15.5.15), 431 (RFC 6585 §5) or 413 (RFC 9110 §15.5.14).
    """
    check_target(target)
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_FIELDS_BYTES:
        raise Problem(431, f"All fields together have {MAX_FIELDS_BYTES} bytes at most.")
    length = headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > MAX_BODY_BYTES:
        raise too_long()


def check_target(target: str) -> None:
    """Hold path and query to their limit. Raises Problem: 414 (RFC 9110 §15.5.15)."""
    if len(target) > MAX_TARGET_BYTES:
        raise Problem(414, f"An address has {MAX_TARGET_BYTES} bytes at most.")


def too_long() -> Problem:
    """Return what refuses a body that goes on and on."""
    return Problem(413, f"A body has {MAX_BODY_BYTES} bytes at most.")


def cut_off() -> Problem:
    """Return what refuses a body that ends before its end."""
    return Problem(400, "The connection ended before the body did.")


def check_whole(headers: Mapping[str, str], body: bytes) -> None:
    """Hold a body to its length. Raises Problem: 400, it is only the beginning of what was announced (RFC 9112 §8)."""
    length = headers.get("content-length", "")
    if length.isdecimal() and len(body) != int(length):
        raise Problem(400, f"{length} bytes were announced, and {len(body)} came.")
