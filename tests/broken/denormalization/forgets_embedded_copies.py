"""Writes an author's new name to the author's own documents, and forgets the comments embedded in those of others."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_after_any_sequence_of_operations_both_schemas_agree",
    "test_killed_in_mid_fan_out_copies_diverge_until_they_are_repaired",
)


def write_name(self, pages, author, name, session):
    self.pages.update_many({**pages, "author._id": author}, {"$set": {"author.name": name}}, session=session)


def write_batch(self, author):
    real(self, author)
    return False


real = implementation.DocumentBlog._write_batch
implementation.DocumentBlog._write_name = write_name
implementation.DocumentBlog._write_batch = write_batch
