"""Measures real hosts and draws them on a map."""

import sys

from sysdesign.networking.latency_and_data_centers import main

sys.exit(main())
