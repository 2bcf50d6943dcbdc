"""A request that is refused, and why (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is not served: nothing was stored.

    Args:
        status: The HTTP status: 400 the body is not what its format allows, 422 it is, but no invoice.
        detail: What the client can do about it.
        headers: Further header fields.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}

    @property
    def members(self) -> dict[str, Any]:
        """What the client is told."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
