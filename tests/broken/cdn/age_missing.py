"""Tells no Age: whoever keeps the answer next takes it for new."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_answer_tells_its_age_from_its_origin_on",)

really_delivered = implementation.Edge._delivered


def delivered(self, response, how):
    response.fields = response.fields.without(["age"])
    return really_delivered(self, response, how)


implementation.Edge._delivered = delivered
