"""Which format an answer takes, and which one a body has: Accept and Content-Type (RFC 9110 §12.5.1, §8.3).

A client names ranges of media types and how much it likes each, between 0 (not at all) and 1. For a type that is offered, the most
specific range that holds it decides, wherever it stands: `application/*;q=0.5, application/json;q=0` is everything but JSON. Among the
types liked best, the server's own order decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# No two alternatives begin with the same character, and what is not closed ends with the field: the time is linear in its length.
BETWEEN_COMMAS = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
BETWEEN_SEMICOLONS = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+')
MEDIA_TYPE = re.compile(r"([!#$%&'*+.^_`|~0-9a-z-]+)/([!#$%&'*+.^_`|~0-9a-z-]+)")
QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

IN_UTF_8: tuple[dict[str, str], ...] = ({}, {"charset": "utf-8"})
"""The parameters under which a type is what we write and read. All formats are UTF-8, said or not."""


class MediaType(NamedTuple):
    """A media type or a range of them, in lower case."""

    type: str
    subtype: str
    parameters: dict[str, str]

    @property
    def name(self) -> str:
        """`type/subtype`."""
        return f"{self.type}/{self.subtype}"


def media_type(text: str) -> MediaType | None:
    """Read one media type with its parameters; None where it is malformed."""
    name, *rest = BETWEEN_SEMICOLONS.findall(text) or [""]
    if not (matched := MEDIA_TYPE.fullmatch(name.strip().lower())):
        return None
    pairs = (parameter.partition("=") for parameter in rest if parameter.strip())
    parameters = {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs}
    return MediaType(matched[1], matched[2], parameters)


def acceptable(field: str) -> Iterator[tuple[MediaType, float]]:
    """Yield the ranges of an Accept field with their qualities; what is malformed is left out, as if it were not there."""
    for member in BETWEEN_COMMAS.findall(field):
        if wanted := media_type(member):
            quality = wanted.parameters.pop("q", "1")
            if QUALITY.fullmatch(quality):
                yield wanted, float(quality)


def specificity(wanted: MediaType, offered: str) -> int:
    """Return how precisely a range means the offered type: 0 not at all, 1 `*/*`, 2 `type/*`, 3 the type itself, 4 with its charset."""
    if wanted.parameters not in IN_UTF_8:
        return 0
    kind = offered.partition("/")[0]
    exactness = {"*/*": 1, f"{kind}/*": 2, offered: 3}.get(wanted.name, 0)
    return exactness + (exactness == 3 and bool(wanted.parameters))


def choose(field: str | None, offered: Sequence[str]) -> str | None:
    """Return which of the offered types the client likes best; None if it takes none of them.

    Args:
        field: Its Accept field; who sends none takes everything.
        offered: The media types, the server's favourite first.
    """
    ranges = list(acceptable("*/*" if field is None else field))

    def liked(offer: str) -> float:
        closeness, quality = max(
            ((specificity(wanted, offer), quality) for wanted, quality in ranges), default=(0, 0.0)
        )
        return quality if closeness else 0.0

    best = max(offered, key=liked)  # the first of equals
    return best if liked(best) > 0 else None
