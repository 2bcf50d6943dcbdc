"""Opens a connection to the backend for every request."""

import implementation
from implementation import *

CAUGHT_BY = ("test_many_clients_share_few_connections_to_a_backend",)

really_settings = implementation.settings
implementation.settings.__globals__["settings"] = lambda **told: really_settings(**{**told, "idle_connections": 0})
