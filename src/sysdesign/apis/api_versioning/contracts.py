"""Contracts: what a version promises, and which changes would break a client that has believed it.

What is written must fit who reads it: an old client's request the new server, the new server's answer the old client. So one comparison
serves both, in opposite directions: to allow longer names is additive in a request, and breaking in an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema

Schema: TypeAlias = Mapping[str, Any]

KEYWORDS = {"type", "enum", "minLength", "maxLength", "properties", "required", "additionalProperties", "description"}
"""Those of JSON Schema 2020-12 that the comparison understands."""

UNBOUNDED = 2**63


@dataclass(frozen=True)
class Contract:
    """What is published of a version."""

    name: str
    operations: list[str]
    """Method and path of each."""
    request: Schema
    """A user as a client may write it."""
    answer: Schema
    """A user as a client has to read it. A client passes over what it does not know."""
    exchanges: list[dict[str, Any]]
    """Requests that a client has recorded, and what it needs of their answers."""


def contract(name: str) -> Contract:
    """Return the published contract of this name. Raises FileNotFoundError."""
    text = (Path(__file__).parent / "contracts" / f"{name}.json").read_text(encoding="utf-8")
    return Contract(name, **json.loads(text))


def breaking_changes(old: Contract, new: Contract) -> list[str]:
    """Return what would break clients of the old contract under the new one; nothing, if all that has changed is additive.

    Raises ValueError for a schema that has more to it than the comparison understands.
    """
    return [
        *(f"{operation} is gone" for operation in old.operations if operation not in new.operations),
        *(f"request: {misfit}" for misfit in misfits(old.request, new.request)),
        *(f"answer: {misfit}" for misfit in misfits(new.answer, old.answer)),
    ]


def misfits(written: Schema, read: Schema, where: str = "the body") -> list[str]:
    """Return what a writer who keeps to one schema may write that a reader who holds it to the other refuses.

    A writer writes the properties that it knows, and no others. Raises ValueError.
    """
    if unknown := (written.keys() | read.keys()) - KEYWORDS:
        raise ValueError(f"cannot compare {', '.join(sorted(unknown))}")
    if "enum" in written:
        accepted = jsonschema.Draft202012Validator(read)
        return [f"{where} may be {value!r}" for value in written["enum"] if not accepted.is_valid(value)]
    if "enum" in read:
        return [f"{where} may be something else than {read['enum']}"]
    return [
        *(f"{where} may be {kind}" for kind in sorted(_types(written) - _types(read))),
        *(_in_strings(written, read, where) if "string" in _types(written) & _types(read) else ()),
        *(_in_objects(written, read, where) if "object" in _types(written) & _types(read) else ()),
    ]


def _types(schema: Schema) -> set[str]:
    named = schema["type"]
    return {named} if isinstance(named, str) else set(named)


def _in_strings(written: Schema, read: Schema, where: str) -> list[str]:
    shorter = written.get("minLength", 0) < read.get("minLength", 0)
    longer = written.get("maxLength", UNBOUNDED) > read.get("maxLength", UNBOUNDED)
    return [f"{where} may be shorter"] * shorter + [f"{where} may be longer"] * longer


def _in_objects(written: Schema, read: Schema, where: str) -> list[str]:
    ours, theirs = written.get("properties", {}), read.get("properties", {})
    certain, needed = set(written.get("required", ())), set(read.get("required", ()))
    strict = read.get("additionalProperties", True) is False
    return [
        *(f"{name} may be missing in {where}" for name in sorted(needed - certain)),
        *(f"{name} is unknown in {where}" for name in ours if strict and name not in theirs),
        *(misfit for name in ours if name in theirs for misfit in misfits(ours[name], theirs[name], name)),
    ]
