"""Calls the name otherwise in version 1 itself, because it seemed to be nobody's: every client that reads it is broken."""

import implementation
from implementation import *

CAUGHT_BY = ("test_each_recorded_client_finds_its_contract_on_each_server",)


def shown(choice, row):
    return {"full_name" if name == "name" else name: value for name, value in show(choice, row).items()}


show = implementation.service.shown
implementation.service.shown = shown
