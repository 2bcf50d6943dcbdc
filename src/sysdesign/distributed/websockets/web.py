"""The chat's page, and the login that gives the pass for it. Where the people talk is another matter: see node.py."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .passes import COOKIE, Passes

if TYPE_CHECKING:
    from flask import Flask, Response

SECRET = "CHAT_SECRET"  # noqa: S105 - the name of the variable with the secret
LONGEST_NAME = 40


def create_web(nodes: Sequence[str], rooms: Sequence[str], secret: str | None = None) -> Flask:
    """Return the page as a WSGI application.

    Args:
        nodes: The nodes' addresses, `ws://…`, which the page tries one after the other.
        rooms: The rooms that it offers.
        secret: Proves passes; the variable CHAT_SECRET if it is not given.
    """
    from flask import Flask, Response, redirect, render_template, request

    app = Flask(__name__, static_folder="page", static_url_path="/page", template_folder="page")
    passes = Passes(secret or os.environ[SECRET])

    @app.after_request
    def nothing_from_elsewhere(response: Response) -> Response:
        allowed = f"default-src 'self'; connect-src {' '.join(nodes)}; img-src 'self' data:; frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = allowed
        return response

    @app.get("/")
    def page() -> str:
        user = passes.user(request.headers.get("Cookie", ""))
        return render_template("index.html", user=user, nodes=nodes, rooms=rooms)

    @app.post("/login")
    def login() -> Response:
        name = request.form.get("name", "").strip()
        if not 0 < len(name) <= LONGEST_NAME:
            return Response("a name, please", 422, content_type="text/plain; charset=utf-8")
        response = redirect("/", 303)
        pass_for_it = passes.issue(name)
        response.set_cookie(COOKIE, pass_for_it, max_age=passes.seconds, httponly=True, samesite="Strict")
        return response  # type: ignore[return-value]

    return app
