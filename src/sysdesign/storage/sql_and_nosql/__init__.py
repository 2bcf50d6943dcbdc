"""SQL and NoSQL: the same shop in tables (SQLite, PostgreSQL) and in documents (MongoDB)."""

from .api import create_app, open_shop
from .databases import PostgreSQL, SQLite
from .documents import DocumentShop
from .relational import RelationalShop
from .shop import Isolation, Line, Order, Refused, Rule, Sales, Shop, Step

__all__ = [
    "DocumentShop",
    "Isolation",
    "Line",
    "Order",
    "PostgreSQL",
    "Refused",
    "RelationalShop",
    "Rule",
    "SQLite",
    "Sales",
    "Shop",
    "Step",
    "create_app",
    "open_shop",
]
