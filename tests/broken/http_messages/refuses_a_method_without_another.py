"""Refuses a method and does not say which it knows."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_resource_tells_its_methods",)

allow = Resource.allow
Resource.allow = property(lambda self: "GET")
