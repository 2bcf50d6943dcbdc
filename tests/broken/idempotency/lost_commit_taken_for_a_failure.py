"""Takes a commit that was cut off for one that failed, and frees its key: if it was made, a retry pays again."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_commit_whose_outcome_is_unknown_is_not_taken_for_a_failure",)


def once(self, claim, act):
    try:
        return real(self, claim, act)
    except Problem as problem:
        if problem.status == 503:
            self._redis.flushdb()
        raise


real = implementation.RedisKeys.once
implementation.RedisKeys.once = once
