"""Lets the balancer send requests to an instance that accepts no connection, instead of to another one."""

from implementation import *
from sysdesign.storage.scaling import balancers

CAUGHT_BY = ("test_one_killed_under_load_takes_along_only_what_it_was_working_on",)

trusting = balancers.HaproxyBalancer.CONFIGURATION.replace("option redispatch 1", "no option redispatch")
balancers.HaproxyBalancer.CONFIGURATION = trusting.replace("retries 2", "retries 0").replace("inter 200ms", "inter 60s")
