"""Releases of the server, each with its versions: the one description from which Flask and FastAPI are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from .contracts import contract
from .service import Service
from .store import Store
from .users import SplitName, WholeName
from .versions import Version

COLUMNS = {"1.0": ["name", "email"], "2.0": ["name", "email", "phone", "given_name", "family_name"]}
"""Those that each release knows of."""

RELEASES: dict[str, Sequence[Version]] = {
    "1.0": [Version("1", contract("v1.0"), WholeName())],
    "2.0": [
        Version(
            "1",
            contract("v1.1"),
            WholeName(),
            deprecated=datetime(2026, 1, 1, tzinfo=UTC),
            sunset=datetime(2027, 1, 1, tzinfo=UTC),
            successor="2",
        ),
        Version("2", contract("v2.0"), SplitName()),
    ],
}


def create_app(
    database: str, engine: str = "flask", release: str = "2.0", clock: Callable[[], float] = time.time
) -> Any:
    """Return a release of the API as an application.

    Args:
        database: The SQLite file of the users, which all releases share.
        engine: `flask` (WSGI) or `fastapi` (ASGI).
        release: The name of the release.
        clock: Tells the time in seconds since 1970.
    """
    service = Service(RELEASES[release], Store(database, COLUMNS[release]), clock)
    return import_module(f".{engine}_app", __package__).create(service)
