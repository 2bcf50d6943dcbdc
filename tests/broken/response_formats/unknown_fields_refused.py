"""Refuses a document for a field that it does not know, so that no client can go ahead of the server."""

import implementation
from implementation import *

CAUGHT_BY = ("test_older_and_newer_writers_are_understood",)


def checked(document):
    if set(document) - {"number", "customer", "issued", "due", "note", "tags", "lines"}:
        raise Problem(422, "There are unknown fields.")
    return real(document)


real = implementation.formats.checked
implementation.formats.checked = checked
