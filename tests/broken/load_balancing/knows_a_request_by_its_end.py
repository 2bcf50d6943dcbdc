"""Takes what ends like the request before for one like it, whatever stands before that end."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_a_connection_remembers_changes_nothing_in_what_it_understands",)


def is_known(self, data):
    known = self._known
    if known is None or self._partial or not data.endswith(known.received):
        return False
    self.method, self.key, self.complete = data.partition(b" ")[0], known.key, True
    self.out.append(data[: -len(known.received)] + known.passed_on)
    return True


implementation.RequestReader._is_known = is_known
