"""Signs the body and neither id nor time, so that what was overheard can be played back for ever under another id."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nothing_that_was_altered_is_believed", "test_what_one_side_signs_the_other_believes")

real = implementation.signatures.signature
implementation.signatures.signature = lambda key, message_id, timestamp, body: real(key, "", "", body)
