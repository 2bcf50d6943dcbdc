"""The page's script writes notes as markup, and lets scripts of the page itself run."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_note_that_looks_like_a_program_is_shown_as_text",)


def create_app(**options):
    app = real(**options)

    @app.after_request
    def alter(response):
        if response.mimetype == "text/javascript":
            response.direct_passthrough = False
            script = response.get_data(as_text=True)
            assert "content.textContent = text;" in script
            response.set_data(script.replace("content.textContent = text;", "content.innerHTML = text;"))
        return response

    return app


real = implementation.create_app
implementation.app.PAGE_MAY = "default-src 'self' 'unsafe-inline'"
implementation.server.create_app = create_app
