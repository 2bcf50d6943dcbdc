"""The handbook: a static site made from the results of one run and the repository's own sources."""
