"""The resource: an invoice, and the contract that a document keeps to (invoice.schema.json; invoice.xsd says the same of XML).

An invoice holds only what every format can say: no control characters, because XML 1.0 has none, and integers of 63 bits. Money is a
Decimal here and text in documents: a JSON number is a binary fraction for most of its readers, and 0.1 is none.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .problems import Problem

SCHEMA = Path(__file__).with_name("invoice.schema.json")
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class Line:
    """One line of an invoice; the price is in whole cents."""

    sku: str
    quantity: int
    price: Decimal
    description: str


@dataclass(frozen=True)
class Invoice:
    """An invoice. A note may be absent (None) or empty: that is not the same."""

    number: int
    customer: str
    issued: datetime
    due: date | None
    note: str | None
    tags: tuple[str, ...]
    lines: tuple[Line, ...]


def document_of(invoice: Invoice) -> dict[str, Any]:
    """Return an invoice as plain values: objects, arrays, text, integers and null."""
    return {
        "number": invoice.number,
        "customer": invoice.customer,
        "issued": invoice.issued.isoformat(),
        "due": invoice.due and invoice.due.isoformat(),
        "note": invoice.note,
        "tags": list(invoice.tags),
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "price": str(line.price),
                "description": line.description,
            }
            for line in invoice.lines
        ],
    }


def invoice_of(document: dict[str, Any]) -> Invoice:
    """Return the invoice in a document that keeps to the schema; what it has besides is passed over. Raises Problem 422."""
    try:
        return Invoice(
            number=document["number"],
            customer=document["customer"],
            issued=datetime.fromisoformat(document["issued"]),
            due=date.fromisoformat(document["due"]) if document.get("due") else None,
            note=document.get("note"),
            tags=tuple(document.get("tags", ())),
            lines=tuple(
                Line(line["sku"], line["quantity"], Decimal(line["price"]), line["description"])
                for line in document["lines"]
            ),
        )
    except ValueError as no_date:
        raise Problem(422, f"{no_date}.") from no_date


def checked(value: Any) -> dict[str, Any]:
    """Return plain values that keep to the schema. Raises Problem 422, with the first reason."""
    if error := next(_schema_errors()(value), None):
        raise Problem(422, f"{error.json_path}: {error.message[:200]}")
    document: dict[str, Any] = value
    return document


@functools.cache
def _schema_errors() -> Callable[[Any], Any]:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # To JSON Schema 1.0 is an integer, too. To us it has been a float, and may have lost digits on the way.
    whole = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    strict: Any = extend(Draft202012Validator, type_checker=whole)  # type: ignore[no-untyped-call]
    errors: Callable[[Any], Any] = strict(json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors
    return errors
