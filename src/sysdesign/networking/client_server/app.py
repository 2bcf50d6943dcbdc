"""The server's side: notes over HTTP, and the page on which people see them.

| request              | does                                                | refused with                                          |
|----------------------|-----------------------------------------------------|-------------------------------------------------------|
| GET /                | the page                                            |                                                       |
| GET /notes           | lists the notes, the newest first                   |                                                       |
| POST /notes          | adds one: `{"text": …}`; 201 with the note          | 400 no JSON, 413 too long, 415 of another type, 422 no note |
| DELETE /notes/NUMBER | removes one: afterwards it is gone, whoever did it  |                                                       |
| GET /suggestion      | a note that another server proposes                 | 502 it has failed, 504 it has not answered in time     |

No request needs anything from an earlier one (RFC 9110 §3.3), so any server with this database can answer it.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, json, render_template, request

from .client import Client, Refused, Unanswered
from .problems import Problem, answer_problems
from .store import MemoryNotes, Notes, SqliteNotes

MAX_CHARACTERS = 500  # of a note
MAX_BODY_BYTES = 16_384  # more than any note takes, however it is written down
JSON = "application/json"
NUMBER = f"int(max={2**63 - 1})"  # a larger number is none that a database could hold
PAGE_MAY = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def create_app(
    *,
    database: str = "",
    suggestions: str = "",
    suggestion_seconds: float = 2.0,
    poll_seconds: float = 1.0,
) -> Flask:
    """Return the server as a WSGI application.

    Args:
        database: The file with the notes; without one they are kept in memory, and lost with the process.
        suggestions: The URL of a server that proposes notes, if there is one.
        suggestion_seconds: How long it may take for an answer.
        poll_seconds: How often an open page asks for news.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    notes: Notes = SqliteNotes(database) if database else MemoryNotes()
    answer_problems(app)
    route_notes(app, notes)
    route_page(app, notes, suggests=bool(suggestions), poll_seconds=poll_seconds)
    route_suggestions(app, suggestions, suggestion_seconds)
    return app


def route_notes(app: Flask, notes: Notes) -> None:
    """Add what programs ask for, the page's script among them."""

    @app.get("/notes")
    def list_notes() -> list[dict[str, Any]]:
        return [note._asdict() for note in notes.all()]

    @app.post("/notes")
    def add_note() -> tuple[dict[str, Any], int, dict[str, str]]:
        note = notes.add(text_of(read_json()))
        return note._asdict(), 201, {"Location": f"/notes/{note.number}"}

    @app.delete(f"/notes/<{NUMBER}:number>")
    def remove_note(number: int) -> tuple[str, int]:
        notes.remove(number)
        return "", 204


def route_page(app: Flask, notes: Notes, *, suggests: bool, poll_seconds: float) -> None:
    """Add what people ask for."""

    @app.get("/")
    def page() -> str:
        told = {"longest": MAX_CHARACTERS, "suggests": suggests, "poll_ms": round(1_000 * poll_seconds)}
        return render_template("page.html", notes=notes.all(), **told)

    @app.after_request
    def guard(response: Response) -> Response:
        # The page's own files may run and nothing else: a note that slipped through as markup would still do nothing.
        response.headers["Content-Security-Policy"] = PAGE_MAY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def route_suggestions(app: Flask, url: str, seconds: float) -> None:
    """Add what this server has to ask another server for: as a client, with a limit to its patience."""

    @app.get("/suggestion")
    def suggest() -> dict[str, str]:
        if not url:
            raise Problem(404, "Nobody proposes notes here.")
        try:
            with Client(url, seconds) as client:
                return {"text": text_of(client.ask("GET", "/"))}
        except TimeoutError:
            raise Problem(504, "Who proposes notes has not answered in time.") from None
        except (Unanswered, Refused, Problem):
            raise Problem(502, "Who proposes notes has failed.") from None


def read_json() -> Any:
    """Return what a request says in its body. Raises Problem 400, 413 or 415; HTTPException 413 for much too long."""
    if request.mimetype != JSON:
        # Not for tidiness alone: a page of another site may send a form or text, but no JSON unless it is allowed to.
        raise Problem(415, f"A note is sent as {JSON}.")
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY_BYTES:  # of a body whose length was not told before, the framework gives the beginning
        raise Problem(413, f"A body may have {MAX_BODY_BYTES} bytes.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # the second for what is nested too deep
        raise Problem(400, "The body is not JSON.") from None


def text_of(document: Any) -> str:
    """Return the text of a note that was sent. Raises Problem 422."""
    text = document.get("text") if isinstance(document, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise Problem(422, 'A note is an object with the field "text", which is not blank.')
    if len(text) > MAX_CHARACTERS:
        raise Problem(422, f"A note may have {MAX_CHARACTERS} characters.")
    try:
        text.encode()
    except UnicodeEncodeError:  # JSON can write down halves of characters
        raise Problem(422, "The text has half a character in it.") from None
    return text
