"""The page draws its list anew whenever it asks for news: whoever is on a button by keyboard is thrown out."""

import implementation
from implementation import *

CAUGHT_BY = ("test_two_people_and_a_program_share_one_list_of_notes",)


def create_app(**options):
    app = real(**options)

    @app.after_request
    def alter(response):
        if response.mimetype == "text/javascript":
            response.direct_passthrough = False
            script = response.get_data(as_text=True)
            assert "function show(notes) {" in script
            response.set_data(
                script.replace("function show(notes) {", "function show(notes) { list.replaceChildren();")
            )
        return response

    return app


real = implementation.create_app
implementation.server.create_app = create_app
