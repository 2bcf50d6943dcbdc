"""Takes weights and gives every backend the same."""

import implementation
from implementation import *

CAUGHT_BY = ("test_weights_are_kept_exactly_and_heavy_backends_do_not_take_their_turns_at_once",)

implementation.POLICIES["weighted"] = lambda chance: implementation.RoundRobin()
