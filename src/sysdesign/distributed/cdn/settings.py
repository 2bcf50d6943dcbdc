"""Settings: how an edge works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How an edge works. Times in seconds.

    Args:
        name: What it calls itself in Cache-Status and Via.
        store_bytes: How much it keeps.
        object_bytes: The largest body that it keeps; what is larger flows through.
        stale_seconds: How long a stale response is served while the origin fails, where the response itself says nothing.
        retry_seconds: How long an origin that has failed is not asked again for the same.
        connect_seconds: For a connection to the origin.
        response_seconds: For the origin to begin its answer, and between two pieces of it.
        idle_seconds: For a client to send a request, or to take its answer.
    """

    name: str = "sysdesign"
    store_bytes: int = 256 * 2**20
    object_bytes: int = 16 * 2**20
    stale_seconds: float = 0.0
    retry_seconds: float = 0.2
    connect_seconds: float = 1.0
    response_seconds: float = 30.0
    idle_seconds: float = 60.0
