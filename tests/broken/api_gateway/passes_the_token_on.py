"""Sends the caller's token on to every service, of which one may lose it."""

import re

from implementation import *
from sysdesign.distributed.api_gateway import decisions

CAUGHT_BY = ("test_services_learn_from_the_gateway_alone_who_calls",)

decisions.OURS = re.compile(rb"\r\nx[-_](?:user|scopes|request-id):[^\r\n]*", re.IGNORECASE)
