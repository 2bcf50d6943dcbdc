"""Rules: what a shared cache may store, how long it is fresh, and when it may be served stale (RFC 9111, RFC 5861)."""

from __future__ import annotations

import math
import re

from sysdesign.distributed.cdn.messages import Fields, Request, Response, timestamp

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
LONGEST_SECONDS = 2**31
HEURISTIC_SHARE, HEURISTIC_SECONDS = 0.1, 86_400.0
"""Without a word of how long it lasts, a response is fresh for a tenth of its own age, and for a day at most (§4.2.2)."""

HEURISTIC_STATUSES = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
UNDERSTOOD = HEURISTIC_STATUSES | {302, 303, 307}
ERRORS = frozenset({500, 502, 503, 504})
"""What `stale-if-error` helps against (RFC 5861 §4)."""

NEVER_STORED = frozenset({206, 304})
EXPLICIT = {"public", "max-age", "s-maxage"}
FOR_THE_AUTHORIZED = {"public", "must-revalidate", "s-maxage"}
NO_STALE = {"must-revalidate", "proxy-revalidate", "no-cache"}


def directives(fields: Fields) -> dict[str, str]:
    """Return the directives of Cache-Control in lower case, with their arguments out of quotes; the first of two counts."""
    found: dict[str, str] = {}
    for element in fields.elements("cache-control"):
        name, _, argument = element.partition("=")
        if TOKEN.fullmatch(name):
            if argument[:1] == argument[-1:] == '"':
                argument = argument[1:-1]
            found.setdefault(name.lower(), argument)
    return found


def seconds(argument: str) -> float:
    """Return a number of seconds; what is none counts as no time at all (§4.2.1)."""
    return min(int(argument), LONGEST_SECONDS) if argument.isascii() and argument.isdigit() else 0


def told_age(fields: Fields) -> float:
    """Return what the Age field says; one that says nothing certain counts as older than anything."""
    values = fields.all("age")
    if not values:
        return 0
    return seconds(values[0]) if len(values) == 1 and values[0].isascii() and values[0].isdigit() else LONGEST_SECONDS


def initial_age(response: Response) -> float:
    """Return how old a response was when it came (§4.2.3): by its own words, its date and its time on the way."""
    date = timestamp(response.fields.get("date"))
    apparent = math.floor(response.received) - date if date is not None else 0.0  # a date knows whole seconds only
    return max(apparent, told_age(response.fields) + response.received - response.asked)


def lifetime(response: Response) -> float:
    """Return how long a response may be served without a word to its origin, counted from when it was made [s] (§4.2.1)."""
    told, fields = directives(response.fields), response.fields
    if "no-cache" in told:
        return 0
    for name in ("s-maxage", "max-age"):
        if name in told:
            return seconds(told[name])
    date = timestamp(fields.get("date"))
    made = response.received if date is None else date
    if expires := fields.all("expires"):
        end = timestamp(expires[0]) if len(expires) == 1 else None
        return 0 if end is None else max(0.0, end - made)
    changed = timestamp(fields.get("last-modified"))
    if changed is not None and (response.status in HEURISTIC_STATUSES or "public" in told):
        return min(HEURISTIC_SHARE * max(0.0, made - changed), HEURISTIC_SECONDS)
    return 0


def may_store(request: Request, response: Response) -> bool:
    """Tell whether a cache that many share may keep a response (§3); one that sets a cookie is for one client alone."""
    told, status = directives(response.fields), response.status
    if request.method != "GET" or request.body or status < 200 or status in NEVER_STORED:
        return False
    refused = "no-store" in told
    if "must-understand" in told:  # it comes first, for those who understand it (§5.2.2.3)
        refused = status not in UNDERSTOOD
    refused |= "private" in told or bool(response.fields.get("set-cookie")) or "*" in response.fields.elements("vary")
    refused |= "no-store" in directives(request.fields)
    if request.fields.get("authorization"):
        refused |= not FOR_THE_AUTHORIZED & told.keys()
    if refused or lifetime(response):
        return not refused
    lasting = status in HEURISTIC_STATUSES or bool(EXPLICIT & told.keys() or response.fields.get("expires"))
    return lasting and has_validator(response.fields)


def has_validator(fields: Fields) -> bool:
    """Tell whether the origin can be asked if a response is still the same."""
    return bool(fields.get("etag") or fields.get("last-modified"))


def stale_while_revalidate(told: dict[str, str]) -> float:
    """Return how long beyond its end a response may be served while it is fetched anew [s] (RFC 5861 §3)."""
    return 0 if NO_STALE & told.keys() else seconds(told.get("stale-while-revalidate", "0"))


def stale_if_error(told: dict[str, str], otherwise: float) -> float:
    """Return how long beyond its end a response may be served while the origin fails [s] (RFC 5861 §4, RFC 9111 §4.2.4).

    Args:
        told: Its directives.
        otherwise: What counts where the response says nothing about it.
    """
    if NO_STALE & told.keys():
        return 0
    if "stale-if-error" in told:
        return seconds(told["stale-if-error"])
    return 0 if "s-maxage" in told else otherwise
