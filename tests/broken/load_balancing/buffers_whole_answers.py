"""Reads answers as fast as backends send them and keeps what the client has not read yet."""

import implementation
from implementation import *
from sysdesign.storage.load_balancing.layer7 import ClientConnection

CAUGHT_BY = ("test_a_client_that_does_not_read_holds_little_of_the_balancers_memory",)

ClientConnection.pause_writing = lambda self: None
