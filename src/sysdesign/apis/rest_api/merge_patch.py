"""JSON merge patch (RFC 7396): a document that looks like what is to become of another; null takes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(document: Any, patch: Any) -> Any:
    """Return the document as the patch wants it; neither of them is changed."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
