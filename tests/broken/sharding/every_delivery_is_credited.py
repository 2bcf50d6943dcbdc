"""Credits a transfer each time that it is delivered: whoever completes what another has half done pays twice."""

from implementation import *

CAUGHT_BY = ("test_money_sent_to_another_shard_arrives_once_whatever_falls_silent",)


def receive(self, execute, transfer):
    statement = "UPDATE users SET balance = balance + ? WHERE id = ? RETURNING id"
    return bool(execute(statement, transfer.amount, transfer.payee))


Transfers._receive = receive
