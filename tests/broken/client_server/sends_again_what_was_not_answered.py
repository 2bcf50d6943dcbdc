"""The client sends a request again when no answer has come in time: what was done already is done twice."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_gets_no_answer_gives_up_in_time_and_does_not_know_what_became_of_it",)


def ask(self, *arguments):
    try:
        return real(self, *arguments)
    except Unanswered:
        return real(self, *arguments)


real = Client.ask
Client.ask = ask
