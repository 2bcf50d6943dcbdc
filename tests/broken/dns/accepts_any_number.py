"""Does not look at an answer's number, so that whoever guesses the port has won."""

import implementation
from implementation import *
from sysdesign.networking.dns import network

CAUGHT_BY = ("test_forged_answers_are_ignored",)

network.accept = lambda question, packet: implementation.accept(question, question.to_wire()[:2] + packet[2:])
