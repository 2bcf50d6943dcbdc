"""Keeps the notes in a global of the module: each process has its own, and they disagree."""

import implementation
from implementation import *

CAUGHT_BY = ("test_any_instance_answers_any_client",)

NOTES = MemoryNotes()

implementation.app.SqliteNotes = lambda path: NOTES
