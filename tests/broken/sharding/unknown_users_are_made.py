"""Gives money to whoever is named: a user who was never added, or who was misspelled, comes into being."""

from implementation import *

CAUGHT_BY = ("test_an_unknown_user_is_an_error_and_makes_nothing",)

really_deposit = Users.deposit


def deposit(self, user_id, amount):
    row = (user_id, self.shards.slot_of(user_id), user_id)
    insert = "INSERT INTO users VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING"
    self.shards.write(user_id, lambda execute: execute(insert, *row))
    return really_deposit(self, user_id, amount)


Users.deposit = deposit
