"""Takes over from a wrong configuration what can be read of it."""

import implementation
from implementation import *
from sysdesign.distributed.api_gateway import command

CAUGHT_BY = ("test_a_configuration_with_a_mistake_changes_nothing",)

before = []


def parse(text):
    try:
        before.append(implementation.parse(text))
    except ValueError:
        import dataclasses

        before.append(dataclasses.replace(before[-1], routes=()))
    return before[-1]


command.parse = parse
