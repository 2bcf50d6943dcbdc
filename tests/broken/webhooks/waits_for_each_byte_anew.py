"""Limits the wait for each read and not the whole attempt, so that an endpoint which drips keeps a thread for ever."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_endpoint_that_drips_for_ever_is_left",)


def _exchange(self, target, headers, body):
    connection = implementation.post.Connection(target, self.timeout_seconds, self._connect, self._tls)
    try:
        connection.request("POST", target.path, body, dict(headers))
        with implementation.post.closing(connection.getresponse()) as response:
            return Answer(response.status, retry_after=response.headers.get("Retry-After"))
    finally:
        connection.close()


implementation.Post._exchange = _exchange
