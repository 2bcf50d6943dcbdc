"""Writes events without the trace that they belong to, so that what the queue sets off is nobody's."""

import uuid
from json import dumps

import implementation
from implementation import *

CAUGHT_BY = ("test_one_order_is_one_trace_through_all_services",)


def add(self, execute, kind, data):
    insert = "INSERT INTO outbox (id, kind, data, trace) VALUES (%s, %s, %s, '{}')"
    execute(insert, uuid.uuid4().hex, kind, dumps(data))


implementation.Outbox.add = add
