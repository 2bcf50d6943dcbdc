"""Waits for another server as long as that likes."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_a_server_waits_for_has_a_limit_too",)

implementation.app.Client = lambda url, seconds: Client(url, 3_600)
