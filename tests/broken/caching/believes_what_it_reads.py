"""Takes whatever stands in an entry for what was stored there, so that an altered or a foreign value is an answer."""

import implementation.cache
from implementation import *

CAUGHT_BY = ("test_an_entry_that_is_damaged_or_not_its_own_is_a_miss",)

implementation.cache.unpack = lambda name, entry: entry[1:-4]
