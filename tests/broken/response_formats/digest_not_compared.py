"""Takes a Content-Digest and does not compare it, so that a price that was altered on the way is believed."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_byte_altered_on_the_way_is_noticed_by_a_digest_or_believed",)

implementation.digests.check = lambda field, body: None
