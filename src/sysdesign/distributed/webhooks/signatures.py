"""Signatures of the Standard Webhooks specification (v1: HMAC-SHA256), made and checked over the bytes that travel.

Signed are the id, the time of the attempt and the body, joined by full stops, so that none of them can be changed or
exchanged alone. The body is signed as it travels: JSON that was parsed and written again need not be the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as chance
import time
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 16
SECONDS = re.compile(r"[0-9]{1,12}")


class Unverified(Exception):  # noqa: N818 - it says what the message is
    """A message that must not be believed, and why."""


def new_secret() -> str:
    """Return a secret, as it is shown to who receives: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(chance.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the key in a secret, padded or not. Raises ValueError, which does not repeat the secret."""
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a secret is {PREFIX} and base64") from error
    if not secret.startswith(PREFIX) or len(key) not in SECRET_BYTES:
        raise ValueError(f"a secret is {PREFIX} and {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1} bytes in base64")
    return key


def keys_of(secrets: Iterable[str]) -> list[bytes]:
    """Return the keys in several secrets. Raises ValueError, also where there are none: nothing goes unsigned."""
    keys = [key_of(secret) for secret in secrets]
    if not keys:
        raise ValueError("there must be a secret")
    return keys


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Return one signature, with its version: `v1,base64`."""
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class Signer:
    """Signs with every secret that is valid, so that who receives can change from one to the next at leisure.

    Args:
        secrets: `whsec_…`, one or, while a secret rotates, several. Raises ValueError.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = keys_of(secrets)

    def headers(self, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """Return the three header fields of an attempt.

        Args:
            message_id: The same in each attempt. Raises ValueError for a full stop: it would not say where the id ends.
            timestamp: Of the attempt, in seconds since the epoch.
            body: The bytes that are sent.
        """
        if not message_id or "." in message_id:
            raise ValueError("an id has no full stop in it, and is not empty")
        signatures = (signature(key, message_id, str(timestamp), body) for key in self._keys)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }


class Verifier:
    """Believes a message that was signed with one of its secrets, and lately.

    Args:
        secrets: `whsec_…`, one or, while a secret rotates, several. Raises ValueError.
        tolerance_seconds: How old, or how far ahead, the time of the attempt may be.
        clock: Tells the seconds since the epoch.
    """

    required: ClassVar = ("webhook-id", "webhook-timestamp", "webhook-signature")

    def __init__(
        self,
        secrets: Iterable[str],
        tolerance_seconds: float = TOLERANCE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys_of(secrets)
        self._tolerance_seconds, self._clock = tolerance_seconds, clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the message's id. Raises Unverified.

        Args:
            headers: The header fields as they came, their names in any case.
            body: The bytes as they came, before anything has parsed them.
        """
        fields = {name.lower(): value for name, value in headers.items()}
        if missing := [name for name in self.required if not fields.get(name)]:
            raise Unverified(f"{' and '.join(missing)} missing")
        message_id, timestamp, given = (fields[name] for name in self.required)
        self._check_time(timestamp)
        if "." in message_id:
            raise Unverified("webhook-id has a full stop in it")
        if not self._is_signed(given.split(" ")[:MOST_SIGNATURES], message_id, timestamp, body):
            raise Unverified("webhook-signature has no signature (v1) of these bytes with a secret known here")
        return message_id

    def _check_time(self, timestamp: str) -> None:
        if not SECONDS.fullmatch(timestamp):
            raise Unverified("webhook-timestamp is not in whole seconds since the epoch")
        age = self._clock() - int(timestamp)
        if abs(age) > self._tolerance_seconds:
            distance = f"{abs(age):.0f} s {'old' if age > 0 else 'ahead'}"
            raise Unverified(f"webhook-timestamp is {distance}, at most {self._tolerance_seconds:.0f} s are tolerated")

    def _is_signed(self, given: list[str], message_id: str, timestamp: str, body: bytes) -> bool:
        """Compare all with all, each in full: how long it takes tells nothing about how much was right."""
        expected = [signature(key, message_id, timestamp, body).encode() for key in self._keys]
        matches = [hmac.compare_digest(ours, one.encode()) for ours in expected for one in given]
        return any(matches)
