"""Does not look at Retry-After, and keeps knocking at an endpoint that has said when it will be back."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_endpoint_that_says_when_to_come_back_is_not_asked_earlier",)

implementation.schedule.retry_after_seconds = lambda field, now: 0.0
