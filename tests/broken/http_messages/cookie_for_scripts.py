"""Lets every script of a page read the session's cookie."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_session_is_for_the_browser_alone",)

cookie = implementation.site._cookie
implementation.site._cookie = lambda value: cookie(value).replace("; HttpOnly", "")
