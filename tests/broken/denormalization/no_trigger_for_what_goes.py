"""Has triggers for what is added and changed, and none for what is removed, so that a comment stays on its page for ever."""

import implementation
from implementation import *
from implementation import triggers

CAUGHT_BY = ("test_copies_are_kept_in_step", "test_triggers_leave_nothing_to_be_forgotten")

del triggers.TRIGGERS["DELETE ON comments"]
