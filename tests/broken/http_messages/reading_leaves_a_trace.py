"""Notes in the note that it was read: a cache, a crawler or a browser that looks ahead changes it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_reading_changes_nothing_and_repeating_changes_nothing_more",)

read = Site.read


def and_note(self, request):
    response = read(self, request)
    number = int(request.parameters["number"])
    self._notes.put(number, self._notes.get(number) + "!")
    return response


Site.read = and_note
