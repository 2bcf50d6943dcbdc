"""Routes by the beginning of a path that leads elsewhere in the end."""

import re

from implementation import *
from sysdesign.distributed.api_gateway import decisions

CAUGHT_BY = ("test_no_path_is_one_for_the_gateway_and_another_for_the_service",)

decisions.UNCLEAR = re.compile(rb"(?!)")
