"""Requests and responses, whatever framework has read them or will write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON, PROBLEM_JSON = "application/json", "application/problem+json"


@dataclass(frozen=True)
class Request:
    """A request that came whole.

    Attributes:
        method: Its method.
        parameters: What its path fills into the path of the resource.
        headers: Its fields, by their names in lower case.
        body: Its content.
    """

    method: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """What is answered.

    Attributes:
        status: The status.
        headers: The fields; nobody may keep a response that does not say so (RFC 9111 §5.2.2).
        body: The content, whole, or piece by piece: then it travels in chunks, since nobody knows its length (RFC 9112 §7.1).
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""

    @property
    def whole(self) -> bytes:
        """Its content; empty if it comes piece by piece."""
        return self.body if isinstance(self.body, bytes) else b""

    @property
    def fields(self) -> dict[str, str]:
        """All fields that are sent, its length with them where it is known."""
        fields = {"Cache-Control": "no-store", **self.headers}
        if isinstance(self.body, bytes) and self.status not in (204, 304):
            fields.setdefault("Content-Length", str(len(self.body)))
        return fields


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is not served, and has changed nothing.

    Args:
        status: The HTTP status.
        detail: What the client can do about it.
        headers: Further fields.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def in_json(status: int, value: Any, headers: Mapping[str, str] | None = None, kind: str = JSON) -> Response:
    """Return a response with a value in JSON."""
    return Response(status, {"Content-Type": kind, **(headers or {})}, json.dumps(value).encode())


def refusal(problem: Problem) -> Response:
    """Return the response that tells of a problem (RFC 9457 §3)."""
    title = HTTPStatus(problem.status).phrase
    told = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    return in_json(problem.status, told, problem.headers, PROBLEM_JSON)
