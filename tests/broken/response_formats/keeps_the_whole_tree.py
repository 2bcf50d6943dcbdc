"""Builds the tree of a whole document before it reads the first invoice, so that the longest document decides how much memory is needed."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_long_document_is_read_in_the_memory_of_one_invoice",)


def stream(chunks):
    for element in implementation.markup.parse(b"".join(chunks)):
        yield implementation.markup._invoice(element)
