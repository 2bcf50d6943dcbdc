"""Takes what begins like the answer before for one like it, however long it is."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_a_connection_remembers_changes_nothing_in_what_it_understands",)


def is_known(self, data):
    known = self._known
    if known is None or self._partial or self.close or not data.startswith(known.received):
        return False
    self.begun = self.complete = self.keep_alive = True
    self.out.append(known.passed_on + data[len(known.received) :])
    return True


implementation.ResponseReader._is_known = is_known
