"""Takes a message that is sent again for a new one, so that a lost answer doubles it."""

import itertools

import implementation
from implementation import *

CAUGHT_BY = ("test_what_comes_again_because_its_answer_was_lost_is_said_once",)

really_say, attempts = implementation.Log.say, itertools.count()


async def say(self, user, drafts):
    anew = [Draft(one.room, f"{one.key} {id(self)} {next(attempts)}", one.text) for one in drafts]
    return await really_say(self, user, anew)


implementation.Log.say = say
