"""Sends a part under the status of the whole: whoever keeps it keeps half a note."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_part_is_sent_as_a_part",)

from dataclasses import replace

part = implementation.conditions.part
implementation.conditions.part = lambda *asked: replace(part(*asked), status=200)
