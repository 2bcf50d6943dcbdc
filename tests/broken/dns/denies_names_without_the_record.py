"""Answers that a name does not exist when it only has no record of that type: resolvers then deny all of its records."""

import dns.rcode

import implementation
from implementation import *

CAUGHT_BY = ("test_each_type_of_record_is_found_and_two_kinds_of_nothing_are_told_apart",)

really_answer = implementation.Zones.answer


def answer(self, query):
    response = really_answer(self, query)
    if not response.answer and response.rcode() == dns.rcode.NOERROR and response.authority:
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response


implementation.Zones.answer = answer
