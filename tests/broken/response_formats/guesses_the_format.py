"""Guesses from its first byte what a body is written in, whatever it says it is: XML gets in where only JSON is looked at."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_body_is_read_as_what_it_says_it_is",)


def standard(body, *, unique):
    try:
        return real(body, unique=unique)
    except Problem:
        if not body.startswith(b"<"):
            raise
        return implementation.invoices.document_of(implementation.markup.read(body))


real = implementation.json_text.read_standard
implementation.formats.ENGINES["json"] = implementation.formats.ENGINES["json"]._replace(read=standard)
