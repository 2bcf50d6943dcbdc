"""Tells a duplicate that it is one instead of what the first request was told, so that a retry never learns its payment's number."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_payment_that_is_sent_twice_is_made_once",)

implementation.Answer.again = lambda answer: Answer(200, {"title": "This request was served before."})
