"""The client does not look whether the server has closed the connection meanwhile, and asks where nobody listens any more."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_killed_server_leaves_nobody_hanging_and_loses_no_note",)


def begin(self, deadline):
    self._deadline = deadline
    if self.sock is not None:
        self.sock.deadline = deadline


implementation.client._Connection.begin = begin
