"""Takes whatever stands in the field for a note, and fails at what is none."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_is_wrong_is_refused_with_a_reason",)

implementation.app.text_of = lambda document: document["text"]
