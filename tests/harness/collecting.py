"""A plug-in that writes down what one collection found: which tests `-k <concept>` selects for every concept, and what was imported."""

import json
import os
import sys
from pathlib import Path

import pytest
from _pytest.mark import KeywordMatcher
from _pytest.mark.expression import Expression

from sysdesign.concepts import CONCEPTS

found_key = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Note all tests that there are, and those that `-k` would select."""
    config.stash[found_key] = {
        "selected": {concept.name: _selected(concept.name, items) for concept in CONCEPTS},
        "tests": [
            {
                "id": item.nodeid,
                "path": item.path.relative_to(config.rootpath).as_posix(),
                "name": item.originalname,
                "docstring": item.function.__doc__,
            }
            for item in items
        ],
    }


def pytest_unconfigure(config):
    """Write it down, with all that was imported until the end."""
    found = {**config.stash[found_key], "modules": sorted(sys.modules)}
    Path(os.environ["COLLECTED"]).write_text(json.dumps(found), encoding="utf-8")


def _selected(name, items):
    expression = Expression.compile(name)
    return [item.nodeid for item in items if expression.evaluate(KeywordMatcher.from_item(item))]
