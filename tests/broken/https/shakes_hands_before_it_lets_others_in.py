"""Shakes hands where it accepts connections, so that one silent client holds up all others."""

import implementation
from implementation import *
from http.server import ThreadingHTTPServer

CAUGHT_BY = ("test_who_connects_and_says_nothing_holds_up_nobody",)


def get_request(self):
    connection, address = ThreadingHTTPServer.get_request(self)
    return self.tls.wrap_socket(connection, server_side=True) if self.tls else connection, address


implementation.Server.get_request = get_request
implementation.Server.finish_request = ThreadingHTTPServer.finish_request
