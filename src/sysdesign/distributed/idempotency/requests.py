"""What a request must bring: a token, a key, and a payload that makes sense."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from flask import request

from .store import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_AMOUNT = 10**12
LONGEST_NAME = 100
KEY = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"')
"""A String of RFC 9651: printable ASCII in double quotes, in which a quote or a backslash has a backslash before it."""


def authenticated(tokens: Mapping[str, str]) -> str:
    """Return the caller whose token came with the request. Raises Problem 401."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Every token is compared in full: how long it takes tells nothing about how much was right.
    matching = [caller for caller, token in tokens.items() if hmac.compare_digest(token.encode(), given.encode())]
    if scheme.lower() != "bearer" or not matching:
        raise Problem(401, "A valid bearer token is needed.", {"WWW-Authenticate": "Bearer"})
    return matching[0]


def parse_key(field: str | None) -> str:
    """Return the key in an Idempotency-Key field. Raises Problem 400."""
    if field is None:
        raise Problem(400, "An Idempotency-Key is required: a new one for each payment, the same in each retry.")
    if not (matched := KEY.fullmatch(field)):
        raise Problem(400, "An Idempotency-Key is 1 to 255 printable ASCII characters in double quotes.")
    return matched[1]


def json_object() -> dict[str, Any]:
    """Return the request's payload. Raises Problem 400."""
    payload = request.get_json()
    if not isinstance(payload, dict):
        raise Problem(400, "The body must be a JSON object.")
    return payload


def positive(value: object, name: str) -> int:
    """Return an amount of money as it must be. Raises Problem 400."""
    if type(value) is not int or not 0 < value <= LARGEST_AMOUNT:
        raise Problem(400, f"{name} must be a whole number between 1 and {LARGEST_AMOUNT}.")
    return value


def printable(value: object, name: str) -> str:
    """Return a name as it must be. Raises Problem 400."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= LONGEST_NAME:
        raise Problem(400, f"{name} must be 1 to {LONGEST_NAME} printable characters.")
    return value
