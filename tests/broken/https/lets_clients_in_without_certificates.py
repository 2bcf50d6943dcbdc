"""Looks at the certificates of its clients, if they have any."""

import ssl

import implementation
from implementation import *
from sysdesign.networking.https import wardrobe

CAUGHT_BY = ("test_a_client_has_to_prove_its_name_too_where_that_is_asked_for",)


def server_context(certificate=None, clients=None):
    context = implementation.server_context(certificate, clients)
    if clients:
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


wardrobe.server_context = server_context
