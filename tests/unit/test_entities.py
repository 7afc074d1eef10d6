"""The entities: each is one declaration, and each declaration can be meant."""

from __future__ import annotations

import duckdb
import pytest

from reportkit import entities
from reportkit.entities import SQL_TYPES, Entity, library
from reportkit.errors import UnknownName

ALL = list(library().values())


def broken(entity: Entity, row: dict[str, str]) -> set[str]:
    """The reasons that the entity's rules give for a row of texts."""
    columns = ", ".join(
        f"CAST({repr(row[f.name]) if f.name in row else 'NULL'} AS {SQL_TYPES[f.type]}) AS {f.name}"
        for f in entity.fields
    )
    with duckdb.connect() as connection:
        tests = ", ".join(f"NOT ({rule.sql})" for rule in entity.rules)
        found = connection.execute(f"SELECT {tests} FROM (SELECT {columns})").fetchall()[0]
    return {rule.broken for rule, is_broken in zip(entity.rules, found, strict=True) if is_broken}


def test_the_entities_of_the_design_are_there() -> None:
    assert set(library()) == {
        "changes", "deployments", "incidents", "change_requests", "vulnerabilities", "assets", "services", "onboardings",
        "features", "costs", "usage", "slo_windows", "test_coverage", "time_use", "environments",
    }  # fmt: skip


@pytest.mark.parametrize("entity", ALL, ids=lambda e: e.name)
def test_a_declaration_holds_together(entity: Entity) -> None:
    assert entities.find(entity.name) is entity
    assert entity.names[:4] == (entity.key, "service", "team", "journey")
    assert len(set(entity.names)) == len(entity.names)
    assert all(f.meaning and not f.meaning.endswith(".") for f in entity.fields)
    assert all(f.name.endswith("_at") for f in entity.fields if f.type == "time")
    assert all(f.default in f.allowed for f in entity.fields if f.allowed and f.default is not None)
    assert len({rule.broken for rule in entity.rules}) == len(entity.rules)
    assert not any(": " in rule.broken for rule in entity.rules), "what follows ': ' in a reason is a value"


@pytest.mark.parametrize("entity", [e for e in ALL if e.rules], ids=lambda e: e.name)
def test_every_rule_is_sql_over_the_entitys_columns(entity: Entity) -> None:
    assert isinstance(broken(entity, {}), set)


@pytest.mark.parametrize(
    ("name", "row", "reasons"),
    [
        ("changes", {"merged_at": "2026-01-02", "deployed_at": "2026-01-03"}, set()),
        ("changes", {"merged_at": "2026-01-02", "deployed_at": "2026-01-01"}, {"deployed before merged"}),
        ("changes", {"opened_at": "2026-01-02", "deployed_at": "2026-01-01"}, {"deployed before opened"}),
        ("changes", {"opened_at": "2026-01-02", "approved_at": "2026-01-01"}, {"approved before opened"}),
        ("changes", {"merged_at": "2026-01-02", "first_commit_at": "2026-01-02"}, set()),
        ("changes", {"deployed_at": "2026-01-02"}, {"no time of a first commit, opening or merge"}),
        ("features", {"started_at": "2026-01-02", "released_at": "2026-01-01"}, {"released before started"}),
        ("features", {}, {"no time of a request, start or release"}),
        ("onboardings", {"started_at": "2026-01-02", "finished_at": "2026-01-01"}, {"finished before started"}),
    ],
)
def test_a_row_is_told_what_is_wrong_with_it(name: str, row: dict[str, str], reasons: set[str]) -> None:
    assert broken(library()[name], row) == reasons


def test_unknown_names_are_told_the_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'deployments'"):
        entities.find("deployment")
    with pytest.raises(UnknownName, match="no column of changes 'merge_at'; did you mean 'merged_at'"):
        entities.find("changes").field("merge_at")
    assert entities.find("changes").field("x_region").type == "text"
