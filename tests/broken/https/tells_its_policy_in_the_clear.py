"""Sends its policy by HTTP too, where anybody can forge or forbid it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_http_leads_to_https_and_nowhere_else",)

really_answer = implementation.Front.__call__


def answer(self, request):
    status, fields, body = really_answer(self, request)
    return Response(status, {**fields, "Strict-Transport-Security": self._policy}, body)


implementation.Front.__call__ = answer
