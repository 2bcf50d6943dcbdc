"""Deletes the bytes of a file with the file, and those of the old one when it is overwritten, whoever is reading them."""

from implementation import *

CAUGHT_BY = ("test_a_reader_has_the_old_file_or_the_new_one",)

Catalogue._let_go = lambda self, connection, key, name: None
