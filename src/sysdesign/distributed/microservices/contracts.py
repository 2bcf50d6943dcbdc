"""Contracts: what each consumer needs of its provider, recorded by the consumer, and held against both before either is deployed.

`contracts.json` has an entry for each answer and each event that somebody leans on: how the provider gets there (`given`),
what is asked for (`request`) or told (`event`), and the least that must be in it. More may be in it: a provider may add what
nobody asked for, and may not rename or leave out what somebody did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Contract:
    """An answer, or an event, that a consumer leans on."""

    consumer: str
    provider: str
    given: list[dict[str, list[Any]]]
    """The requests (method, path, body) and events (kind, data) that bring the provider there."""
    request: list[str] = field(default_factory=list)
    """Method and path, for an answer."""
    answer: dict[str, Any] = field(default_factory=dict)
    """What the consumer reads of the answer."""
    event: list[Any] = field(default_factory=list)
    """Kind, and what the consumer reads of the data."""

    @property
    def name(self) -> str:
        """Say which it is."""
        return f"{self.consumer} of {self.provider}: {' '.join(self.request) or self.event[0]}"


def _read() -> tuple[Contract, ...]:
    text = Path(__file__).with_name("contracts.json").read_text(encoding="utf-8")
    return tuple(Contract(**entry) for entry in json.loads(text))


CONTRACTS = _read()


def mismatches(expected: dict[str, Any], actual: object) -> list[str]:
    """Return the fields that are missing or of another kind than the consumer leans on. Values are examples; kinds are not."""
    if not isinstance(actual, dict):
        return ["there is no object"]
    return [key for key, value in expected.items() if type(actual.get(key)) is not type(value)]
