"""Leaves it to a client how long the head of its request takes."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_head_that_drips_is_hung_up_on",)

implementation.servers.patient_protocol = lambda seconds: "h11"
implementation.servers.patient_worker = lambda seconds: "gthread"
