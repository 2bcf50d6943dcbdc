"""Keeps weights, and gives a heavy backend all its turns at once."""

import implementation
from implementation import *

CAUGHT_BY = ("test_weights_are_kept_exactly_and_heavy_backends_do_not_take_their_turns_at_once",)


class InARow:
    turn = -1

    def pick(self, candidates, key):
        self.turn += 1
        turns = [candidate for candidate in candidates for _ in range(candidate.weight)]
        return turns[self.turn % len(turns)]


implementation.POLICIES["weighted"] = lambda chance: InARow()
