"""Takes every event for news, so that an old name that comes late overwrites the new one, and what was removed comes back."""

import implementation
from implementation import *

CAUGHT_BY = ("test_events_may_come_twice_and_in_any_order",)

implementation.Consumer._is_news = lambda consumer, version, change: True
