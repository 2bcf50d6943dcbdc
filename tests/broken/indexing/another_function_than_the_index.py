"""The index holds addresses in lower case, the question asks for them in upper case."""

from implementation import *
from implementation import Orders

CAUGHT_BY = ("test_an_expression_index_finds_what_a_function_makes_of_a_column",)


class Orders(Orders):
    of_email = "SELECT * FROM orders WHERE upper(email) = upper(?)"
