"""Calls the name of a user otherwise than its consumers do, who find out when it is deployed."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_provider_gives_what_its_consumers_have_recorded",)

find = implementation.users.find


def find_and_rename(store, user):
    found = find(store, user)
    return found and {"full_name" if key == "name" else key: value for key, value in found.items()}


implementation.users.find = find_and_rename
