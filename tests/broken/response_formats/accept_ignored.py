"""Answers in its favourite format whatever the client takes, and never says that it has nothing for it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_client_gets_the_format_that_it_likes_best",)

implementation.api.wanted = lambda request, offered: next(iter(offered))
