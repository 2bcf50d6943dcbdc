"""The resources: notes, a session, exports, and old addresses that lead to new ones."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from typing import Any

from jsonschema import Draft202012Validator

from .conditions import check_before_change, entity_tag, representation
from .description import Operation, Resource
from .messages import JSON, Problem, Request, Response, in_json
from .notes import Notes

WAIT = re.compile(r"wait=([0-9]{1,2})")
LISTED = 20  # notes that a list shows, the newest
KEPT = 1_000  # exports, and sessions, that are remembered
COOKIE = (
    "__Host-session"  # the prefix: a browser takes it only with Secure, Path=/ and without Domain (RFC 6265bis §4.1.3)
)
MOVED = {"/journal": 301, "/today": 302, "/inbox": 307, "/entries": 308}
"""Old addresses of the notes, each with the redirection by which it leads there."""

NEW_NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 500}},
    "additionalProperties": False,
}
NOTE = {
    "type": "object",
    "required": ["number", "text"],
    "properties": {"number": {"type": "integer"}, "text": {"type": "string"}},
}
NOTES = {"type": "array", "items": NOTE, "maxItems": LISTED}
STATE = {"type": "object", "required": ["state"], "properties": {"state": {"type": "string"}}}
CONDITIONS = {"If-Match": "*", "If-None-Match": '"0"'}


class Site:
    """What happens behind each address.

    Args:
        notes: The notes.
        export_seconds: How long an export takes.
        token: Returns a name for a session that nobody can guess.
    """

    def __init__(
        self, notes: Notes, export_seconds: float = 0.05, token: Callable[[], str] = secrets.token_urlsafe
    ) -> None:
        self._notes, self._export_seconds, self._token = notes, export_seconds, token
        self._numbers = itertools.count(1)
        self._exports: dict[int, dict[str, Any]] = {}
        self._sessions: dict[str, None] = {}

    def resources(self) -> tuple[Resource, ...]:
        """Return the description of everything."""
        made, changed = {201: NOTE}, {204: None, 404: None, 412: None, 428: None}
        read = {"If-None-Match": '"0"', "Range": "bytes=0-3", "If-Range": '"0"'}
        listing = Operation("The newest notes.", self.listing, {200: NOTES, 304: None}, None, {"If-None-Match": '"0"'})
        note = {
            "GET": Operation("A note.", self.read, {200: NOTE, 206: None, 304: None, 404: None, 416: None}, None, read),
            "PUT": Operation("Another text.", self.replace, changed, NEW_NOTE, CONDITIONS),
            "DELETE": Operation("Forget it.", self.forget, changed, None, CONDITIONS),
        }
        session = {
            "GET": Operation("Whether there is a session.", self.session, {200: STATE, 404: None}),
            "POST": Operation("Begin one.", self.enter, {204: None}),
            "DELETE": Operation("End it.", self.leave, {204: None}),
        }
        moved = [
            Resource(
                path, dict.fromkeys(("GET", "POST"), Operation("Has moved.", _moved(status), {})), documented=False
            )
            for path, status in MOVED.items()
        ]
        return (
            Resource("/notes", {"GET": listing, "POST": Operation("A new note.", self.add, made, NEW_NOTE)}),
            Resource("/notes/{number}", note),
            Resource("/exports", {"POST": Operation("Have all notes counted.", self.export, {202: STATE})}),
            Resource("/exports/{number}", {"GET": Operation("How far it is.", self.exported, {200: STATE, 404: None})}),
            Resource("/session", session),
            Resource("/changes", {"GET": Operation("What changes.", self.changes, {})}, documented=False),
            *moved,
        )

    def listing(self, request: Request) -> Response:
        """Return the newest notes."""
        _acceptable(request)
        notes = [{"number": number, "text": text} for number, text in self._notes.newest(LISTED).items()]
        return representation(request.headers, in_json(200, notes, {"Vary": "Accept"}), ranges=False)

    def add(self, request: Request) -> Response:
        """Keep a new note; its number is the server's choice."""
        text = _text(request)
        number = self._notes.add(text)
        response = _note(201, number, text)
        fields = {**response.headers, "Location": f"/notes/{number}", "ETag": _tag(number, text)}
        return Response(201, fields, response.body)

    def read(self, request: Request) -> Response:
        """Return a note, or a part of it, or that it is what the client has already."""
        number, text = self._found(request)
        _acceptable(request)
        return representation(request.headers, _note(200, number, text), ranges=request.method == "GET")

    def replace(self, request: Request) -> Response:
        """Keep a text at this address: done once or thrice, the same is there (RFC 9110 §9.2.2)."""
        text = _text(request)
        with self._notes.alone():
            number, before = self._found(request)
            check_before_change(request.headers, _tag(number, before))
            self._notes.put(number, text)
        return Response(204, {"ETag": _tag(number, text)})

    def forget(self, request: Request) -> Response:
        """Forget a note."""
        with self._notes.alone():
            number, text = self._found(request)
            check_before_change(request.headers, _tag(number, text))
            self._notes.remove(number)
        return Response(204)

    def changes(self, request: Request) -> Response:
        """Tell of the notes that there are, and, as long as the client prefers to wait (RFC 7240 §4.3), of each change."""
        wait = WAIT.fullmatch(request.headers.get("prefer", ""))
        return Response(200, {"Content-Type": "application/x-ndjson"}, self._lines(int(wait.group(1)) if wait else 0))

    def _lines(self, seconds: int) -> Iterator[bytes]:
        for number in self._notes.changes(seconds):
            yield json.dumps({"number": number}).encode() + b"\n"

    def export(self, request: Request) -> Response:
        """Accept work that takes longer than anybody wants to wait, and say where to ask for it."""
        del request
        number = next(self._numbers)
        self._exports[number] = {"state": "waiting"}
        _forget_the_oldest(self._exports)
        timer = threading.Timer(self._export_seconds, self._count, (number,))
        timer.daemon = True
        timer.start()
        return in_json(202, {"state": "waiting", "monitor": f"/exports/{number}"})

    def _count(self, number: int) -> None:
        self._exports[number] = {"state": "done", "notes": len(self._notes.newest(LISTED))}

    def exported(self, request: Request) -> Response:
        """Tell how far an export is."""
        state = self._exports.get(_number(request))
        if state is None:
            raise Problem(404, "There is no such export.")
        return in_json(200, state)

    def session(self, request: Request) -> Response:
        """Tell whether the cookie names a session."""
        if self._session(request) not in self._sessions:
            raise Problem(404, "There is no session. Begin one by POST.")
        return in_json(200, {"state": "open"})

    def enter(self, request: Request) -> Response:
        """Begin a session, and give its name to this browser alone."""
        del request
        name = self._token()
        self._sessions[name] = None
        _forget_the_oldest(self._sessions)
        return Response(204, {"Set-Cookie": _cookie(name)})

    def leave(self, request: Request) -> Response:
        """End the session, here and in the browser."""
        self._sessions.pop(self._session(request), None)
        return Response(204, {"Set-Cookie": f"{_cookie('')}; Max-Age=0"})

    @staticmethod
    def _session(request: Request) -> str:
        cookies: SimpleCookie = SimpleCookie()
        cookies.load(request.headers.get("cookie", ""))
        return cookies[COOKIE].value if COOKIE in cookies else ""

    def _found(self, request: Request) -> tuple[int, str]:
        number = _number(request)
        text = self._notes.get(number)
        if text is None:
            raise Problem(404, "There is no such note.")
        return number, text


def _forget_the_oldest(kept: dict[Any, Any]) -> None:
    """Strangers may begin as many as they like, and make us remember no more than `KEPT`."""
    while len(kept) > KEPT:
        kept.pop(next(iter(kept)), None)


def _cookie(value: str) -> str:
    """Return a cookie that no script reads, no plain line carries and no other site's form sends (RFC 6265 §4.1.2)."""
    return f"{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"


def _moved(status: int) -> Callable[[Request], Response]:
    headers = {"Location": "/notes", "Cache-Control": "max-age=3600" if status in (301, 308) else "no-store"}
    return lambda _: Response(status, headers)


def _note(status: int, number: int, text: str) -> Response:
    return in_json(status, {"number": number, "text": text}, {"Vary": "Accept"} if status == 200 else {})


def _tag(number: int, text: str) -> str:
    return entity_tag(_note(200, number, text).whole)


def _number(request: Request) -> int:
    return int(request.parameters["number"])


def _acceptable(request: Request) -> None:
    """Raises Problem: 406 if the client takes no JSON (RFC 9110 §15.5.7)."""
    from werkzeug.datastructures import MIMEAccept
    from werkzeug.http import parse_accept_header

    if not parse_accept_header(request.headers.get("accept", "*/*"), MIMEAccept).best_match([JSON]):
        raise Problem(406, f"This is to be had as {JSON}.", {"Vary": "Accept"})


def _text(request: Request) -> str:
    """Return the text of a note in a body. Raises Problem: 415 not JSON by its type, 400 not by its bytes, 422 no note."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Problem(415, f"Send {JSON}.")
    try:
        value = json.loads(request.body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is no JSON.") from None
    for error in Draft202012Validator(NEW_NOTE).iter_errors(value):
        raise Problem(422, f"The body is no note: {error.json_path} breaks the rule {error.validator}.")
    text: str = value["text"]
    return text


def _no_number(name: str) -> None:
    raise ValueError(name)
