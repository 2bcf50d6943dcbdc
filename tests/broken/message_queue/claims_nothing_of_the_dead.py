"""Never takes over what a dead consumer of Redis had in hands, so that nobody works on it any more."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_message_that_nobody_acknowledged_comes_again_and_says_so",)

implementation.RedisQueue._claim = lambda self, group, count: []
