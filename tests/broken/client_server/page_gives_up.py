"""The page stops asking for news at the first question that is not answered."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_page_outlives_its_server",)


def create_app(**options):
    app = real(**options)

    @app.after_request
    def alter(response):
        if response.mimetype == "text/javascript":
            response.direct_passthrough = False
            script = response.get_data(as_text=True)
            assert "  setTimeout(poll, pollMs);" in script
            response.set_data(
                script.replace(
                    "  setTimeout(poll, pollMs);", '  if (!document.body.matches(".apart")) setTimeout(poll, pollMs);'
                )
            )
        return response

    return app


real = implementation.create_app
implementation.server.create_app = create_app
