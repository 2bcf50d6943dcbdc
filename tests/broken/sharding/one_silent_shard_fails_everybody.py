"""Asks every shard for its slots before each request: one that is silent takes the users of all others with it."""

from implementation import *

CAUGHT_BY = ("test_silent_shards_fail_their_users_alone_and_an_answer_without_them_says_so",)

really_owner = Shards.owner


def owner(self, slot):
    if down := self.learn():
        raise ShardDown(down)
    return really_owner(self, slot)


Shards.owner = owner
