"""Sends a message to the members on the sender's node, and to nobody elsewhere."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_one_says_all_in_the_room_read_in_one_order_and_nobody_else",)

really_said = implementation.Rooms._said


def said(self, room, message):
    if message.user in room.members.values():
        really_said(self, room, message)
    else:
        room.last = message.number


implementation.Rooms._said = said
