"""Lets a likeness of a note pass for the note itself, and overwrites what its sender has not seen."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nobody_overwrites_what_he_has_not_seen",)

implementation.conditions.matches_strongly = implementation.conditions.matches_weakly
