"""Takes the attributes of a line by their place, so that a client whose library writes them in another order sells other goods."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_has_no_twin_in_json_means_nothing_or_is_refused",)


def value(name, element):
    if name != "lines":
        return real(name, element)
    lines = [(*line.attrib.values(), line.text) for line in element]
    return [dict(zip(("sku", "quantity", "price", "description"), line)) for line in lines]


real = implementation.markup._value
implementation.markup._value = value
