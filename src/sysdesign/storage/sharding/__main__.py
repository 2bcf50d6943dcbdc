"""`python -m sysdesign.storage.sharding`; see `command_line`."""

from sysdesign.storage.sharding import main

main()
