"""Reads a customer's credit, adds to it, and writes back what it has made of it, whatever has come in between."""

from implementation import *
from implementation import DocumentShop, Refused, RelationalShop, Rule, Step

CAUGHT_BY = ("test_two_changes_of_one_customer_at_once_both_count",)


def changed(self, credit, cents):
    self._reach(Step.READ)
    if credit + cents < 0:
        raise Refused(Rule.CHECK, "not that much")
    return credit + cents


def add_to_row(self, customer, cents):
    [credit] = self.database.run("SELECT credit_cents FROM customers WHERE id = ?", customer).fetchone()
    self.database.run("UPDATE customers SET credit_cents = ? WHERE id = ?", changed(self, credit, cents), customer)


def add_to_document(self, customer, cents, session=None):
    customers = self.documents.customers
    credit = customers.find_one({"_id": customer}, session=session)["credit_cents"]
    customers.update_one({"_id": customer}, {"$set": {"credit_cents": changed(self, credit, cents)}}, session=session)


RelationalShop.add_credit, DocumentShop.add_credit = add_to_row, add_to_document
