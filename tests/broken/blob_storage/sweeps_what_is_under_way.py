"""Takes what is not yet a file for what no longer is one, and sweeps uploads away that are under way."""

from implementation import *

CAUGHT_BY = ("test_a_sweep_finds_what_is_left_over_on_either_side",)

give_up = Catalogue.give_up
Catalogue.give_up = lambda self, before: give_up(self, float("inf"))
