"""Has no limit for an answer, so that whoever asked a backend that has stopped waits for ever."""

import implementation
from implementation import *
from sysdesign.storage.load_balancing.layer7 import ClientConnection

CAUGHT_BY = ("test_a_paused_backend_delays_few_requests_and_fails_none",)

ClientConnection.expired = lambda self: None
