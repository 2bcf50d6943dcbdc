"""Takes a change that does not say which version it was made from, and believes that it was the latest."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_overwrites_any_version_loses_half",)



async def anything(if_match="*"):
    return None if if_match == "*" else if_match


implementation.api.expected.__code__, implementation.api.expected.__defaults__ = anything.__code__, ("*",)
