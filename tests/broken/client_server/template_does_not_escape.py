"""Writes notes into the page as they are: what looks like markup is markup."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_note_that_looks_like_a_program_is_shown_as_text",)


def create_app(**options):
    app = real(**options)
    app.jinja_env.autoescape = False
    return app


real = implementation.create_app
implementation.server.create_app = create_app
