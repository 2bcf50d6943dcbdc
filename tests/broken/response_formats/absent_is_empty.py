"""Makes an empty note of no note in XML, so that an invoice changes when it is read and written back."""

import implementation
from implementation import *

CAUGHT_BY = ("test_empty_absent_and_one_of_many_are_told_apart",)


def value(name, element):
    found = real(name, element)
    return "" if name == "note" and found is None else found


real = implementation.markup._value
implementation.markup._value = value
