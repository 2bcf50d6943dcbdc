"""Lets version 1 write the pieces too, as it guesses them: a client that sends back what it has read takes the right ones away."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_one_version_writes_the_other_reads_and_gives_back",)


def write(self, body):
    return {**body, **dict(zip(("given_name", "family_name"), split(body["name"])))}


implementation.users.WholeName.write = write
