"""The formats that the API speaks, an entry each. What is not listed here is not understood, and nothing else has to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from . import json_text, markup, messagepack
from .invoices import Invoice, checked, document_of, invoice_of
from .values import bounded


class Read(Protocol):
    """Reads any value; `unique`: whether a name that stands twice in an object is refused."""

    def __call__(self, body: bytes, *, unique: bool) -> Any:
        """Raises Problem 400."""


class Values(NamedTuple):
    """How a format reads and writes whatever JSON can say."""

    read: Read
    write: Callable[[Any], bytes]


@dataclass(frozen=True)
class Format:
    """A format: how it is named, and how it reads and writes."""

    media_types: tuple[str, ...]
    """Its names, the one that it bears if nobody asks otherwise first."""
    problem_type: str
    """The media type of a refusal."""
    read: Callable[[bytes], Invoice]
    """Reads an invoice. Raises Problem: 400 it is malformed, 422 it is no invoice."""
    write: Callable[[Invoice], bytes]
    write_problem: Callable[[dict[str, Any]], bytes]
    values: Values | None = None
    """For data of any shape, if the format has a shape for it."""


def of_values(media_types: tuple[str, ...], problem_type: str, values: Values) -> Format:
    """Return a format whose values are those of JSON: one schema holds for all of them."""

    def read(body: bytes) -> Invoice:
        return invoice_of(checked(bounded(values.read(body, unique=True))))

    def write(invoice: Invoice) -> bytes:
        return values.write(document_of(invoice))

    return Format(media_types, problem_type, read, write, values.write, values)


ENGINES = {
    "json": Values(json_text.read_standard, json_text.write_standard),
    "orjson": Values(json_text.read_fast, json_text.write_fast),
}
"""What reads and writes JSON."""


def offer(names: Sequence[str] = ("json", "xml", "msgpack"), engine: str = "json") -> list[Format]:
    """Return the formats of these names, in this order; the first is for who takes anything."""
    known = {
        "json": of_values(("application/json",), "application/problem+json", ENGINES[engine]),
        "xml": Format(
            ("application/xml", "text/xml"), "application/problem+xml", markup.read, markup.write, markup.write_problem
        ),
        "msgpack": of_values(
            ("application/vnd.msgpack", "application/msgpack"),
            "application/vnd.msgpack",
            Values(messagepack.read, messagepack.write),
        ),
    }
    return [known[name] for name in names]
