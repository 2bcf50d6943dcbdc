"""Makes a server smaller by killing workers: what they were working on is lost, and gunicorn starts others in their place."""

import os
import signal

from implementation import *
from sysdesign.storage.scaling import fleet

CAUGHT_BY = ("test_scaling_in_fails_no_request",)

really_resize = fleet.Workers.resize


def resize(self, size):
    import psutil

    for worker in psutil.Process(self._master).children()[size:]:
        os.kill(worker.pid, signal.SIGKILL)
    really_resize(self, size)


fleet.Workers.resize = resize
