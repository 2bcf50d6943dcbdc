"""Lets everybody wait for a service that has not answered for long."""

import dataclasses

from implementation import *
from sysdesign.distributed.api_gateway import gateway

CAUGHT_BY = ("test_a_service_that_hangs_is_left_alone_and_harms_no_other",)

really_settings = gateway.settings
gateway.settings = lambda service: really_settings(dataclasses.replace(service, max_failures=1_000_000))
