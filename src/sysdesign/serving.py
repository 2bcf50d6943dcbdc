"""gunicorn from within a program of one's own, as the concepts use it that compare servers or need many workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOST = "127.0.0.1"


def run_gunicorn(load: Callable[[], Any], port: int, **settings: Any) -> None:
    """Serve on a port of the loopback interface until the process is asked to end.

    Args:
        load: Makes the WSGI application, in each worker or, with `preload_app`, once before they are begotten.
        port: Where it listens.
        settings: gunicorn's own, by their names; those that its version does not know are left out.
    """
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped, unused-ignore]

    settings = {
        "bind": f"{HOST}:{port}",
        "control_socket_disable": True,  # it would lie in the home directory
        "loglevel": "warning",
        **settings,
    }

    class Gunicorn(BaseApplication):  # type: ignore[misc, unused-ignore]
        def load_config(self) -> None:
            for name, value in settings.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return load()

    Gunicorn().run()
