"""Notes a message as handled in a transaction before that of its effect, so that a consumer killed in between never has the effect."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_consumer_killed_at_any_step_leaves_each_effect_once",)


def once(self, message, act):
    noted = self.connection.execute("INSERT OR IGNORE INTO handled VALUES (?)", [message.id])
    if noted.rowcount:
        act(self.connection, message)


implementation.Inbox.once = once
