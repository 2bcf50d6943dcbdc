"""The client's time limit begins anew with each byte that comes."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_answer_that_comes_byte_by_byte_is_left_in_time",)


def hurry(self):
    self.settimeout(0.25)


implementation.client._TimedSocket._hurry = hurry
