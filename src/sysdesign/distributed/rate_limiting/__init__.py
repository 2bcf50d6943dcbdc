"""Rate limiting: a token bucket in process, shared by processes through Redis, and in front of an API."""

from .api import RateLimit, connect, create_app, limited, nginx_configuration
from .token_bucket import Bucket, Decision, Lease, SharedTokenBucket, TokenBucket, Unavailable
from .windows import FixedWindow, LeakyBucket, SlidingWindow

__all__ = [
    "Bucket",
    "Decision",
    "FixedWindow",
    "LeakyBucket",
    "Lease",
    "RateLimit",
    "SharedTokenBucket",
    "SlidingWindow",
    "TokenBucket",
    "Unavailable",
    "connect",
    "create_app",
    "limited",
    "nginx_configuration",
]
