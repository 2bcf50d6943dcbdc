"""Keeps copies and reads from the source all the same, so that changes pay for both and views save nothing."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_denormalized_page_is_read_without_a_join", "test_views_get_cheap_and_changes_dear")

implementation.Blog.denormalized = property(lambda blog: blog.normalized)
implementation.DocumentPages.read = lambda pages, post: pages.source.read(post)
