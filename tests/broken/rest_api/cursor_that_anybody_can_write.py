"""Writes positions down without signing them, and starts wherever somebody has made up."""

import base64
import json

import implementation
from implementation import *

CAUGHT_BY = ("test_a_cursor_cannot_be_made_up",)


def write(self, listing, position):
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def read(self, listing, cursor):
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


implementation.pages.Cursors.write, implementation.pages.Cursors.read = write, read
