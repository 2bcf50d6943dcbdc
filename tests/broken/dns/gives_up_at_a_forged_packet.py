"""Takes the first packet that comes for the end of the matter: nobody is fooled, and anybody can keep a name from being found."""

from implementation import *
from sysdesign.networking.dns import network

CAUGHT_BY = ("test_forged_answers_are_ignored",)


def accept(question, packet):
    try:
        return implementation_accept(question, packet)
    except Rejected as forged:
        raise ConnectionError from forged


implementation_accept, network.accept = network.accept, accept
