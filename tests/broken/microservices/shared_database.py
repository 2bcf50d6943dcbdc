"""Keeps everything in one database, which every service can open: none can change a table without all others."""

import implementation
from implementation import *

CAUGHT_BY = ("test_no_service_can_open_anothers_database",)


def create_databases(server_url, passwords, prefix=""):
    urls = implementation.create_databases(server_url, passwords, prefix)
    return dict.fromkeys(urls, urls["users"])
