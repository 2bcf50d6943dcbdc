"""The catalogue is the one list of the thirty."""

import pytest

from sysdesign.concepts import CONCEPTS, PARTS, concept


def test_the_catalogue_numbers_thirty_in_reading_order():
    """Thirty concepts are numbered from one to thirty, without a gap."""
    assert [each.number for each in CONCEPTS] == list(range(1, 31))


def test_a_name_stands_for_one_entry():
    """No two entries of the catalogue share a name or a title."""
    assert len({each.name for each in CONCEPTS}) == len({each.title for each in CONCEPTS}) == len(CONCEPTS)


def test_the_parts_follow_each_other():
    """The parts are read one after the other, and none is empty."""
    assert list(dict.fromkeys(each.part for each in CONCEPTS)) == list(PARTS)


def test_an_idea_is_one_sentence():
    """The idea of each entry is one sentence that fits on a card."""
    assert [each.name for each in CONCEPTS if not each.idea.endswith(".") or len(each.idea) > 120] == []


def test_an_entry_says_where_its_files_are():
    """From its name and number follow an entry's module and its files."""
    found = concept("indexing")

    assert found.module == "sysdesign.storage.indexing"
    assert found.specification == "tests/concepts/test_14_indexing.py"
    assert found.implementation == "src/sysdesign/storage/indexing.py"


def test_an_unknown_name_is_answered_with_the_known_ones():
    """Whoever asks for a name that does not exist is told those that do."""
    with pytest.raises(LookupError, match=r"no concept is called 'indexes'.*indexing"):
        concept("indexes")
