"""Words for what tables hold."""

from __future__ import annotations

import pytest

from reportkit.english import headings, pages, pictures, words
from reportkit.english.words import entity_count
from reportkit.entities import library
from reportkit.needles import find


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


def test_one_group_is_one_and_a_column_that_is_no_team_is_a_group():
    lead = find("lead_time_for_changes")
    assert headings.folds(1, 5, lead) == "1 group of fewer than 5 people or changes is shown together."
    assert headings.heat_note(30, lead, 5, 1).endswith("1 group with fewer facts is left out.")
    assert headings.heat_note(30, lead, 5, 2).endswith("2 groups with fewer facts are left out.")
    assert (words.all_of("service"), words.all_of("x_country")) == ("all services", "all groups")
    assert pictures.group(3, "service", treated=True, everyone=False) == "proof services"
    assert "15%" in pages.made_of(3, 100, 15)
