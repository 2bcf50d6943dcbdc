"""Numbers its questions one after the other: who has seen one knows the next."""

import itertools

from implementation import *
from sysdesign.networking.dns import resolver

CAUGHT_BY = ("test_forged_answers_are_ignored",)


class Counting:
    numbers = itertools.count()

    def randrange(self, stop):
        return next(self.numbers) % stop


really_ask_for = resolver.ask_for
resolver.ask_for = lambda key, chance: really_ask_for(key, Counting())
