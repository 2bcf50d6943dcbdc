"""Looks whether an address is taken before it keeps the customer, and has no unique index."""

import implementation
from implementation import *
from implementation import DocumentShop, Refused, RelationalShop, Rule, Step

CAUGHT_BY = ("test_a_unique_index_lets_one_of_two_have_an_address",)

implementation.relational.TABLES = tuple(table.replace(" UNIQUE", "") for table in implementation.relational.TABLES)
implementation.documents.INDEXES = tuple((name, field, False) for name, field, _ in implementation.documents.INDEXES)


def looking(insert, taken):
    def insert_if_free(self, kind, *rows):
        if kind == "customers":
            if any(taken(self, row["email"]) for row in rows):
                raise Refused(Rule.UNIQUE, "the address is taken")
            self._reach(Step.READ)
        insert(self, kind, *rows)

    return insert_if_free


def in_rows(self, email):
    return self.database.run("SELECT 1 FROM customers WHERE email = ?", email).fetchone()


def in_documents(self, email):
    return self.documents.customers.find_one({"email": email})


RelationalShop.insert = looking(RelationalShop.insert, in_rows)
DocumentShop.insert = looking(DocumentShop.insert, in_documents)
