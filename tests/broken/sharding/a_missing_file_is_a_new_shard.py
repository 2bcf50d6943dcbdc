"""Opens whatever file it is given, and makes it if it is missing: a lost disk looks like an empty shard, which answers."""

from implementation import *

CAUGHT_BY = ("test_silent_shards_fail_their_users_alone_and_an_answer_without_them_says_so",)

really_session = SqliteShard._session


def session(self, begin):
    if not self.path.exists():
        self.create()
    return really_session(self, begin)


SqliteShard._session = session
