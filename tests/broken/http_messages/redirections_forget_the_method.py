"""Answers with 302 wherever something has moved: a POST arrives as a GET, and what it brought is lost."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_redirection_keeps_the_method_only_if_it_says_so",)

moved = implementation.site._moved
implementation.site._moved = lambda status: moved(302)
