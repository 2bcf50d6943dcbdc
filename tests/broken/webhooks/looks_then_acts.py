"""Looks for the id in one transaction and acts in the next, so that duplicates which come together are both acted on."""

import implementation
from implementation import *

CAUGHT_BY = ("test_two_deliveries_of_an_event_at_once_have_one_effect",)


def once(self, message_id, act):
    with self._store.transaction() as execute:
        if execute("SELECT id FROM webhooks_received WHERE id = %s", message_id):
            return False
    with self._store.transaction() as execute:
        act(execute)
        note = "INSERT INTO webhooks_received (id, received_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"
        execute(note, message_id, self._clock())
    return True


implementation.Inbox.once = once
