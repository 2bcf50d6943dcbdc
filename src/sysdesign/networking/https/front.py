"""What stands before a site: whoever asks in the clear is sent to HTTPS, and whoever asks by HTTPS is told to stay there."""

from __future__ import annotations

from collections.abc import Iterable

from sysdesign.networking.https.server import Request, Response, Site

YEAR_SECONDS = 31_536_000


class Front:
    """Answers by HTTPS alone.

    Args:
        site: What answers.
        names: The names under which it is known; others get 421, so that nobody is sent to where a forged Host points.
        plain: Further names, which are answered in the clear: there is nothing to protect.
        max_age_seconds: For how long clients shall come by HTTPS only (RFC 6797 §6.1.1).
    """

    def __init__(
        self, site: Site, names: Iterable[str], plain: Iterable[str] = (), max_age_seconds: int = YEAR_SECONDS
    ) -> None:
        self._site, self._names, self._plain = site, frozenset(names), frozenset(plain)
        self._policy = f"max-age={max_age_seconds}; includeSubDomains"

    def __call__(self, request: Request) -> Response:
        """Answer, redirect or refuse."""
        name = request.host.partition(":")[0].lower()
        if not request.target.startswith("/"):
            return Response(400, {})
        if request.channel is None and name in self._plain:
            return self._site(request)
        if name not in self._names:
            return Response(421, {})
        if request.channel is None:  # 308 keeps the method; without HSTS, for whoever is in the middle could forge it
            return Response(308, {"Location": f"https://{name}{request.target}"})
        status, fields, body = self._site(request)
        return Response(status, {**fields, "Strict-Transport-Security": self._policy}, body)
