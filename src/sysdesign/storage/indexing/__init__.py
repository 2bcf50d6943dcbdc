"""Indexes: the orders of a shop with an index for each question, and databases that tell what an answer cost."""

from .databases import Database, Plan, PostgreSQL, SQLite
from .orders import Index, Order, Orders, ReferenceTaken

__all__ = ["Database", "Index", "Order", "Orders", "Plan", "PostgreSQL", "ReferenceTaken", "SQLite"]
