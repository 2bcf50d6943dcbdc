"""Keeps answers that set a cookie, cookie and all: the second client goes on with the first one's session."""

from implementation import *
from sysdesign.distributed.cdn import edge, store

CAUGHT_BY = ("test_what_is_for_one_client_is_given_to_no_other",)

really_may_store = edge.may_store


def may_store(request, response):
    fields = response.fields.without(["set-cookie"])
    return really_may_store(request, Response(response.status, fields, b"", response.asked, response.received))


edge.may_store = may_store
store.NOT_STORED = ("age",)
