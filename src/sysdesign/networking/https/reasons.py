"""Why a connection is refused: one reason for each thing that can be wrong, from what OpenSSL tells of it."""

from __future__ import annotations

import ssl
from enum import StrEnum


class Reason(StrEnum):
    """What is wrong."""

    WRONG_HOST = "the certificate is for another host"
    EXPIRED = "the certificate has expired"
    NOT_YET_VALID = "the certificate is not valid yet"
    SELF_SIGNED = "the certificate is vouched for by itself alone"
    UNKNOWN_AUTHORITY = "the certificate is vouched for by an authority that is not trusted"
    OLD_PROTOCOL = "the other side speaks no version of TLS that is safe"
    NOTHING_IN_COMMON = "the two sides find nothing that both take for safe"
    NO_COMMON_PROTOCOL = "the other side speaks another protocol inside TLS"
    NOT_TLS = "the other side does not speak TLS"
    UNKNOWN_NAME = "the server does not know the name that it is called by"
    CERTIFICATE_REQUIRED = "the server wants a certificate of the client"
    CERTIFICATE_REFUSED = "the server does not trust the client's certificate"
    ALTERED = "what came is not what was sent"
    DOWNGRADE = "a redirection leads from HTTPS to HTTP"
    BROKEN = "the connection broke"


class Refused(Exception):  # noqa: N818 - what happened, in the client's words
    """Nothing that came may be used.

    Args:
        reason: What is wrong.
        detail: What OpenSSL says of it.
    """

    def __init__(self, reason: Reason, detail: object = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason


VERDICTS = {
    9: Reason.NOT_YET_VALID,
    10: Reason.EXPIRED,
    18: Reason.SELF_SIGNED,
    19: Reason.UNKNOWN_AUTHORITY,
    20: Reason.UNKNOWN_AUTHORITY,
    21: Reason.UNKNOWN_AUTHORITY,
    62: Reason.WRONG_HOST,
    64: Reason.WRONG_HOST,
}
"""By the verdict of X509_verify_cert (x509_vfy.h)."""

ALERTS = {
    "UNSUPPORTED_PROTOCOL": Reason.OLD_PROTOCOL,
    "TLSV1_ALERT_PROTOCOL_VERSION": Reason.OLD_PROTOCOL,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": Reason.NOTHING_IN_COMMON,
    "NO_APPLICATION_PROTOCOL": Reason.NO_COMMON_PROTOCOL,
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": Reason.NO_COMMON_PROTOCOL,
    "WRONG_VERSION_NUMBER": Reason.NOT_TLS,
    "TLSV1_UNRECOGNIZED_NAME": Reason.UNKNOWN_NAME,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": Reason.CERTIFICATE_REQUIRED,
    "TLSV1_ALERT_UNKNOWN_CA": Reason.CERTIFICATE_REFUSED,
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": Reason.ALTERED,
    "SSLV3_ALERT_BAD_RECORD_MAC": Reason.ALTERED,
}
"""By OpenSSL's names of errors, its own and those that the other side has told in an alert (RFC 8446 §6.2)."""


def refusal(error: OSError) -> Refused:
    """Return the reason for an error of a connection; what has no reason of its own is a connection that broke."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused(VERDICTS.get(error.verify_code, Reason.UNKNOWN_AUTHORITY), error.verify_message)
    if isinstance(error, ssl.SSLError):
        return Refused(ALERTS.get(error.reason or "", Reason.BROKEN), error.reason)
    return Refused(Reason.BROKEN, error)
