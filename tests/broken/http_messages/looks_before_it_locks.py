"""Compares the condition before it is alone: of two changes of one version both come through."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nobody_overwrites_what_he_has_not_seen",)

from contextlib import nullcontext
from time import sleep

Notes.alone = lambda self: nullcontext()
put = Notes.put
Notes.put = lambda self, number, text: (sleep(0.05), put(self, number, text))
