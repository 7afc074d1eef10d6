"""Words for what tables hold."""

from __future__ import annotations

import pytest

from reportkit.english.words import entity_count
from reportkit.entities import library


@pytest.mark.parametrize(
    ("n", "key", "said"),
    [
        (1, "changes", "1 change"),
        (2, "change_requests", "2 change requests"),
        (1, "vulnerabilities", "1 vulnerability"),
        (7908, "time_use", "7\u202f908 entries of time use"),
        (1, "usage", "1 reading of usage"),
        (1, "slo_windows", "1 SLO window"),
        (0, "costs", "0 costs"),
    ],
)
def test_facts_are_counted_in_words(n: int, key: str, said: str) -> None:
    assert entity_count(n, key) == said


def test_every_table_has_a_word_for_one() -> None:
    for key in library():
        assert not entity_count(1, key).endswith("s"), key
