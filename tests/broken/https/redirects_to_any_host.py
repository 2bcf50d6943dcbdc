"""Sends whoever asks to the host that they name, so that a forged Host leads anywhere."""

import implementation
from implementation import *

CAUGHT_BY = ("test_http_leads_to_https_and_nowhere_else",)

really_answer = implementation.Front.__call__


def answer(self, request):
    if request.channel or request.host in self._plain:
        return really_answer(self, request)
    return Response(308, {"Location": f"https://{request.host}{request.target}"})


implementation.Front.__call__ = answer
