"""Does not say that its answers depend on Accept, so that a cache gives one client's XML to the next client, which asked for JSON."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_client_gets_the_format_that_it_likes_best",)


def answer(*arguments):
    response = real(*arguments)
    del response.headers["Vary"]
    return response


real = implementation.api.answer
implementation.api.answer = answer
