"""What holds of every source, the ones that come tomorrow included."""

from __future__ import annotations

import inspect
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from reportkit import entities, sources
from reportkit.fetch.place import SourceSpec
from reportkit.fetch.spec import ApiSpec
from reportkit.model.params import EntityMapping
from reportkit.snapshot import sql

#: The least that each type wants to know.
LEAST: dict[str, dict[str, Any]] = {
    "file": {"path": "a.csv"},
    "focus": {"path": "a.csv", "tags": {"team": "cost-centre"}},
    "git": {"paths": ["../a"]},
    "github": {"repositories": ["acme/shop"]},
    "gitlab": {"projects": ["acme/shop"]},
    "jira": {
        "url": "https://acme.example.com",
        "fields": {"team": "Team"},
        "work": {"value": ["Story"]},
        "onboarding_types": {"New": "service"},
    },
    "pagerduty": {},
    "prometheus": {"url": "https://p.example.com", "slos": {"a": {"good": "g", "total": "t"}}},
    "scans": {"path": "*.json"},
    "servicenow": {"url": "https://acme.example.com"},
    "sql": {"url": "postgresql://reader@db.example.com/x", "layout": "devlake"},
}
TOKEN = "ghp_planted0123456789abcdef"


def spec(name: str, **more: Any) -> SourceSpec:
    return sources.find(name).Spec.model_validate({"type": name, **LEAST.get(name, {}), **more})


@pytest.mark.parametrize("name", sources.types())
class TestEverySource:
    def test_it_says_what_it_is_and_reads(self, name: str) -> None:
        module = sources.find(name)
        assert ((inspect.getmodule(module.read) and module.__doc__) or "").strip()
        assert issubclass(module.Spec, SourceSpec)
        assert module.Spec.model_fields["type"].default == name
        assert list(inspect.signature(module.read).parameters) == ["spec", "name", "place"]

    def test_settings_are_frozen_and_strict(self, name: str) -> None:
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            spec(name, tokn="x")
        with pytest.raises(ValidationError, match="frozen"):
            spec(name).type = "other"

    def test_a_secret_in_the_settings_is_refused(self, name: str) -> None:
        if not issubclass(sources.find(name).Spec, ApiSpec):
            return
        with pytest.raises(ValidationError, match="may not be written into YAML"):
            spec(name, token=TOKEN)
        assert spec(name, token="env:TOKEN")

    def test_only_encrypted_addresses(self, name: str) -> None:
        if not issubclass(sources.find(name).Spec, ApiSpec):
            return
        with pytest.raises(ValidationError, match="is not encrypted"):
            spec(name, url="http://api.example.com")
        assert spec(name, url="http://api.example.com", allow_http=["api.example.com"])
        assert spec(name, url="http://127.0.0.1:8080")

    def test_its_mappings_fit_their_entities(self, name: str) -> None:
        """Known entities and columns, what is required given, SQL that can be understood."""
        offer = getattr(sources.find(name), "mappings", None)
        if offer is None:
            return
        with duckdb.connect() as connection:
            for entity_name, own in offer(spec(name), "it").items():
                entity = entities.find(entity_name)
                made = sources.ready(entity_name, EntityMapping(source="it"), {"it": {"type": name, **LEAST[name]}})
                given = {entity.field(column).name for column in made.columns}
                required = {
                    f.name
                    for f in entity.fields
                    if f.required and not f.alias and not (entity.numbered and f.name == entity.key)
                }
                assert required <= given, (entity_name, required - given)
                assert made.query == own["query"]
                sql.query(connection, str(made.query), name)
                for text in (*(c.sql for c in made.columns.values()), *made.set_aside.values(), made.where or "true"):
                    sql.expression(connection, text, name)


def test_every_type_has_an_example_here() -> None:
    assert set(LEAST) == set(sources.types())
