"""Lets HEAD pass as GET on its way in, and sends the body that GET gets: a client reads it as the beginning of the next answer."""

import implementation
from implementation import *

CAUGHT_BY = ("test_head_is_answered_as_get_without_the_body",)


class HeadIsGet:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope.get("method") == "HEAD":
            scope["method"] = "GET"
        await self.app(scope, receive, send)


from implementation import fastapi_engine

made = fastapi_engine.create_app


def create_app(resources):
    app = made(resources)
    app.add_middleware(HeadIsGet)
    return app


fastapi_engine.create_app = create_app
implementation.servers.patient_protocol = lambda seconds: "httptools"  # h11 would not let it out
