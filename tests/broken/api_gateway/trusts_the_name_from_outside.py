"""Passes on the caller's name that a client has written itself."""

import re

from implementation import *
from sysdesign.distributed.api_gateway import decisions

CAUGHT_BY = ("test_services_learn_from_the_gateway_alone_who_calls",)

decisions.OURS = re.compile(rb"\r\nauthorization:[^\r\n]*", re.IGNORECASE)
