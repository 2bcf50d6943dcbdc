"""Says in each answer that it came from the cache, so that nobody sees what the database bears."""

import implementation.api
from implementation import *

CAUGHT_BY = (
    "test_an_answer_says_what_the_cache_did",
    "test_a_hundred_misses_over_two_processes_ask_the_database_once",
)

implementation.api.CACHE_STATUS = dict.fromkeys(implementation.api.CACHE_STATUS, "products; hit")
