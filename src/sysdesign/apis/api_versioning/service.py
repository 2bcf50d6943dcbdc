"""The service, whatever speaks HTTP: finds the version that a request names, reads and writes users as that version does.

| answer   | means                                                                    |
|----------|--------------------------------------------------------------------------|
| 400      | the request names two versions, or its body is no JSON                   |
| 404, 406 | there is no such version: in the path, or in a field                     |
| 410      | the version has ended                                                    |
| 415, 422 | the body is written in another version, or not as its contract wants it  |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import jsonschema

from sysdesign.apis.response_formats import Problem, choose
from sysdesign.apis.response_formats.negotiation import media_type

from .store import Store
from .versions import Calls, Version, media_type_of

JSON = "application/json"
MAX_BODY_BYTES = 16_384
MAX_NAME = 200  # characters: the whole has to fit version 1, as long as that lives
USER = re.compile(r"[a-z0-9-]{1,40}")
VARY = {"Vary": "Accept, API-Version"}


class Choice(NamedTuple):
    """The version that a request has named, or was given."""

    version: Version
    media: str
    """The media type of the answer."""
    fields: dict[str, str]
    """Header fields that belong to every answer."""


class Service:
    """Users in several versions.

    Args:
        versions: Those that there are. Who names none gets the first, for ever: a default that moved would be a change that breaks.
        store: Keeps the rows.
        clock: Tells the time in seconds since 1970.
    """

    def __init__(self, versions: Sequence[Version], store: Store, clock: Callable[[], float]) -> None:
        self._versions = {version.number: version for version in versions}
        self._default = versions[0].number
        self._store, self._clock, self._calls = store, clock, Calls()

    def choose(self, in_path: str | None, path: str, headers: Mapping[str, str]) -> Choice:
        """Find the version of a request, and count the call. Raises Problem 400, 404, 406 or 410.

        Args:
            in_path: The number in the path, if one is there.
            path: The whole path, decoded.
            headers: The request's header fields, their names in lower case.
        """
        named = self._named(in_path, headers.get("api-version"))
        numbers = [named] if named else list(self._versions)
        offered = {JSON: named or self._default, **{media_type_of(number): number for number in numbers}}
        media = choose(headers.get("accept"), list(offered))
        if media is None:
            raise Problem(406, f"This can be had as {', '.join(offered)}.", VARY)
        version = self._versions[offered[media]]
        self._calls.count(version.number, headers.get("user-agent", "")[:50])
        below = quote(path.removeprefix(f"/v{in_path}"))
        fields = {**VARY, "API-Version": version.number, **version.fields(below)}
        if version.gone(self._clock()):
            raise Problem(410, f"Version {version.number} has ended; name another.", fields)
        return Choice(version, media, fields)

    def _named(self, in_path: str | None, in_field: str | None) -> str | None:
        if in_path and in_field and in_path != in_field:
            raise Problem(400, f"This names two versions, {in_path} and {in_field}.", VARY)
        named = in_path or in_field
        if named and named not in self._versions:
            raise Problem(404 if in_path else 406, f"There are the versions {', '.join(self._versions)}.", VARY)
        return named

    def all(self, choice: Choice) -> dict[str, Any]:
        """Return the first users."""
        return {"users": [shown(choice, row) for row in self._store.all()]}

    def get(self, choice: Choice, user: str) -> dict[str, Any]:
        """Return a user. Raises Problem 404."""
        try:
            return shown(choice, self._store.get(user))
        except KeyError:
            raise Problem(404, "There is no such user.") from None

    def put(self, choice: Choice, user: str, content_type: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Write what a body tells of a user, and leave the rest as it is; return 201 or 200, and the user. Raises Problem."""
        if not USER.fullmatch(user):
            raise Problem(404, "A user's id has up to 40 letters, digits and hyphens.")
        values = choice.version.view.write(read(choice, content_type, body))
        if len(values["name"]) > MAX_NAME:
            raise Problem(422, f"A whole name may have {MAX_NAME} characters.")
        new = self._store.put(user, values)
        return 201 if new else 200, self.get(choice, user)

    def versions(self) -> list[dict[str, Any]]:
        """Return each version with its end, and who calls it."""
        return [
            {
                "version": version.number,
                "contract": version.contract.name,
                "deprecated": version.deprecated and version.deprecated.isoformat(),
                "sunset": version.sunset and version.sunset.isoformat(),
                "calls": self._calls.of(version.number),
            }
            for version in self._versions.values()
        ]


def shown(choice: Choice, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a row what the version's contract has."""
    shows = choice.version.view.show(row)
    return {name: shows[name] for name in choice.version.contract.answer["properties"]}


def read(choice: Choice, content_type: str, body: bytes) -> dict[str, Any]:
    """Return a body that keeps to the version's contract. Raises Problem 400, 415 or 422."""
    known, kind = (JSON, media_type_of(choice.version.number)), media_type(content_type)
    if kind is None or kind.name not in known:
        raise Problem(415, f"A body may be {' or '.join(known)}.", {"Accept": ", ".join(known)})
    try:
        document = json.loads(body)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair can be escaped, and never be stored
    except (ValueError, RecursionError) as malformed:
        raise Problem(400, "The body is no JSON.") from malformed
    errors = jsonschema.Draft202012Validator(choice.version.contract.request).iter_errors(document)
    if error := next(errors, None):
        raise Problem(422, f"{error.json_path}: {error.message[:200]}")
    return dict(document)
