"""Decisions: what becomes of a request, by its head alone. Pure: without network, and without a word to any service."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import xxhash

from sysdesign.distributed.api_gateway.callers import NOBODY, Caller, Register, Unknown
from sysdesign.distributed.api_gateway.configuration import Aggregate, Configuration, Route

OURS = re.compile(
    rb"\r\n(?:authorization|x[-_]api[-_]key|x[-_](?:user|scopes|request[-_]id))[ \t]*:[^\r\n]*", re.IGNORECASE
)
"""Fields that services take from the gateway alone: whoever sends them from outside, they end here. For a service behind CGI or WSGI
X_User is X-User, so it is for us. Credentials end here too: a service that never had them cannot lose them."""

READ = re.compile(
    rb"\r\n(authorization|x-api-key|origin|access-control-request-method|content-length):[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
UNCLEAR = re.compile(rb"//|/\.{1,2}(?:/|$)|\\|%(?:2[ef]|5c|00)", re.IGNORECASE)
"""Paths in which a service might see another route than the gateway: `/orders/../admin`, `/orders/%2e%2e/admin`, `//admin`."""

UNKNOWN = b'\r\nWWW-Authenticate: Bearer error="invalid_token"'


class Refusal(Exception):  # noqa: N818 - what it is
    """A request that goes no further.

    Args:
        status: What the caller is told.
        fields: More that it is told, as it stands in a head, each with the end of the line before.
    """

    def __init__(self, status: int, fields: bytes = b"") -> None:
        super().__init__(status)
        self.status, self.fields = status, fields


class Place(NamedTuple):
    """A path, and what is to be found below it."""

    beginning: bytes
    what: Route | Aggregate
    methods: frozenset[bytes]
    allow: bytes
    """The methods as an answer tells them."""


class Told(NamedTuple):
    """What the fields of a request say to the gateway."""

    lines: bytes
    """The fields that go on."""
    caller: Caller | None
    """Who asks; None if it does not say so, or is not believed."""
    doubt: bytes
    """What a caller is told that is not known."""
    shared: bytes
    """What lets a page's script read the answer (CORS)."""
    origin: bytes
    wanted: bytes
    """The method that a page's script wants to use."""
    length: int


class Decisions:
    """Decides by one configuration.

    Args:
        configuration: What the gateway is told.
        register: Tells who callers are.
    """

    def __init__(self, configuration: Configuration, register: Register) -> None:
        self._configuration, self._register = configuration, register
        self._clock = register.clock
        metrics = [Route(configuration.metrics_path, "", scope=configuration.metrics_scope)]
        everything = [
            *configuration.routes,
            *configuration.aggregates,
            *(metrics if configuration.metrics_path else ()),
        ]
        self._places: dict[bytes, list[Place]] = {}
        for what in sorted(everything, key=lambda what: -len(what.path)):
            path, methods = what.path.encode(), [method.encode() for method in _methods(what)]
            place = Place(path + b"/", what, frozenset(methods), b", ".join(sorted(methods)))
            self._places.setdefault(path[1:].partition(b"/")[0], []).append(place)
        self._origins = {origin.encode() for origin in configuration.origins}

    def read(self, lines: bytes) -> Told:
        """Read the fields of a request, each with the end of the line before, and find out who sent it."""
        found: dict[bytes, list[bytes]] = {}
        for name, value in READ.findall(lines):
            found.setdefault(name.lower(), []).append(value.rstrip(b" \t"))
        caller, doubt = None, b"\r\nWWW-Authenticate: Bearer"
        credentials = found.get(b"authorization", []), found.get(b"x-api-key", [])
        if any(credentials):
            try:
                caller = self._identify(*credentials)
            except Unknown:
                doubt = UNKNOWN
        origin = found.get(b"origin", [b""])[0]
        wanted = found.get(b"access-control-request-method", [b""])[0]
        length = int(found.get(b"content-length", [b"0"])[0])
        return Told(OURS.sub(b"", lines), caller, doubt, self._shared_with(origin), origin, wanted, length)

    def _identify(self, tokens: list[bytes], keys: list[bytes]) -> Caller:
        if len(tokens) + len(keys) > 1:
            raise Unknown("who says it twice may mean two")
        if keys:
            return self._register.by_key(keys[0])
        kind, _, token = tokens[0].partition(b" ")
        if kind.lower() != b"bearer":
            raise Unknown("not a token")
        return self._register.by_token(token.strip())

    def place(self, path: bytes) -> Place:
        """Return whose path it is. Raises Refusal."""
        if UNCLEAR.search(path):
            raise Refusal(400)
        whole = path + b"/"
        for place in self._places.get(path[1:].partition(b"/")[0], ()):
            if whole.startswith(place.beginning):
                return place
        raise Refusal(404)

    def admit(self, place: Place, method: bytes, told: Told) -> Caller:
        """Return who may do this there. Raises Refusal."""
        if method not in place.methods:
            raise Refusal(405, b"\r\nAllow: " + place.allow)
        what, caller = place.what, told.caller
        if isinstance(what, Route) and what.public:
            caller = NOBODY
        elif caller is None:
            raise Refusal(401, told.doubt)
        elif caller.expires <= self._clock():
            raise Refusal(401, UNKNOWN)
        elif isinstance(what, Route) and what.scope and what.scope not in caller.scopes:
            raise Refusal(403)
        if told.length > self._configuration.body_bytes:
            raise Refusal(413)
        return caller

    def preflight(self, path: bytes, told: Told) -> bytes:
        """Return what the browser is told which asks whether a page's script may ask. Raises Refusal."""
        place = self.place(path)
        if told.origin not in self._origins:
            raise Refusal(403)
        allowed = b"\r\nAccess-Control-Allow-Methods: %b\r\nAccess-Control-Allow-Headers: authorization, content-type"
        return allowed % place.allow + b"\r\nAccess-Control-Max-Age: 600"

    def _shared_with(self, origin: bytes) -> bytes:
        """Return the fields that let a page's script read an answer; a cache must not give it to another page's."""
        if origin not in self._origins:
            return b"\r\nVary: Origin" if self._origins else b""
        return b"\r\nAccess-Control-Allow-Origin: %b\r\nVary: Origin" % origin


def rewritten(route: Route, path: bytes) -> bytes:
    """Return the path that a service is asked for."""
    if not route.rewrite:
        return path
    return route.rewrite.rstrip("/").encode() + path[len(route.path) :] or b"/"


def _methods(what: Route | Aggregate) -> Iterable[str]:
    return what.methods if isinstance(what, Route) else ("GET",)


def in_the_canary(user: str, service: str, percent: float) -> bool:
    """Tell whether a user belongs to the part that gets the new version: always the same, and still when the part grows.

    The service's name counts too: nobody is the first to try everything.
    """
    return xxhash.xxh3_64_intdigest(f"{service}:{user}".encode()) % 10_000 < 100 * percent
