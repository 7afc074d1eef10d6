"""`reportkit check`: every fault of a workspace at once, each one sentence with file and line; and advice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reportkit.check import whole as check
from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests import samples
from tests.conftest import REPOSITORY

Make = Callable[..., Path]
BY_LEAD = "alphabet., needle: lead_time_for_changes}"
PICKED = "alphabet., needle: lead_time_for_changes, weeks: [2025-09-01, 2025-10-06]}"
SMALLEST = "[release_wait]\n  smallest_effect: {features_released: 0.1}"
GUARDED = "[release_wait]\n  guardrails: {release_wait: {margin: 0.1}}"


def told(root: Path) -> list[str]:
    return [str(fault) for fault in check.faults(root)]


def extracted(root: Path) -> Path:
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), root)
    return root


def test_a_sound_workspace_has_no_fault(workspace: Make) -> None:
    root = workspace()
    assert told(root) == []
    assert [str(a) for a in check.advice(root)] == [
        "extracts/2026-Q1: there is no extract of 2026-Q1 yet; run `reportkit extract 2026-Q1`, then check again."
    ]
    extracted(root)
    assert told(root) == []
    assert check.advice(root) == ()


ONE_FAULT: list[tuple[str, Mapping[str, str], str]] = [
    # sources.yaml
    ("sources.yaml", {"type: file": "type: fill"}, "params/sources.yaml:4: there is no source type 'fill'; did you mean 'file'?"),
    ("sources.yaml", {"type: file, ": ""}, "there is no source type ''"),
    ("sources.yaml", {"changes.csv}": "changes.csv, delimeter: ';'}"}, "sources.yaml:4: there is no setting 'delimeter'; did you mean 'delimiter'?"),
    ("sources.yaml", {", path: extracts/raw/changes.csv": ""}, "sources.yaml:4: the source changes has no `path`; give it one."),
    ("sources.yaml", {"changes.csv}": "changes.csv, skip: -1}"}, "sources.yaml:4: skip: input should be greater than or equal to 0"),
    ("sources.yaml", {"raw/changes.csv": "raw/change.csv"}, "sources.yaml:4: there is no file extracts/raw/change.csv"),
    ("sources.yaml", {"raw/changes.csv": "raw/*.parquet"}, "sources.yaml:4: no file matches extracts/raw/*.parquet"),
    ("sources.yaml", {"team: team": "tean: team"}, "sources.yaml:11: there is no column of changes 'tean'; did you mean 'team'?"),
    ("sources.yaml", {"change_id: id": "x_id: id"}, "sources.yaml:9: changes.change_id (identifies the fact) is not mapped"),
    ("sources.yaml", {"team: team": "team: {sql: team, format: '%d/%m/%Y'}"}, "sources.yaml:11: changes.team is no time"),
    ("sources.yaml", {"merged_at: merged": "merged_at: {sql: merged, time_zone: Europe/Londn}"}, "sources.yaml:13: 'Europe/Londn' is no IANA time zone"),
    ("sources.yaml", {"$bots_count": "$bot_count"}, "sources.yaml:8: there is no choice 'bot_count'; did you mean 'bots_count'?"),
    ("sources.yaml", {"team: team": "team: lower(team"}, "sources.yaml:11: `lower(team` cannot be understood: syntax error"),
    ("sources.yaml", {"team: team": "team: team; DROP TABLE x"}, "sources.yaml:11: "),
    ("sources.yaml", {"team: team": "team: team FROM changes"}, "sources.yaml:11: "),
    ("sources.yaml", {"source: changes": "query: DELETE FROM changes"}, "sources.yaml:7: "),
    ("sources.yaml", {"[2025-06-01, 2026-04-01]": "[2026-04-01, 2025-06-01]"}, "sources.yaml:15: `covers` ends before it begins"),
    ("sources.yaml", {"merged_at: merged": "x_merged: merged"}, "audiences.yaml:6: Release wait needs changes.merged_at, which sources.yaml does not map"),
    ("audiences.yaml", {"[release_wait]": "[deployment_frequency]"}, "audiences.yaml:6: Deployment frequency needs the entity deployments"),
    # proofs.yaml
    ("proofs.yaml", {"before: 13": "before: 5"}, "proofs.yaml:6: paved_road: 5 weeks before the start, 8 needed"),
    ("proofs.yaml", {"after: 12": "after: 1"}, "proofs.yaml:7: paved_road: 1 week after the start, 6 needed"),
    ("proofs.yaml", {"2026-03-23": "2026-03-20"}, "it is read out on 20 Mar 2026, before its last week ends; `read_out` can be 2026-03-23 at"),
    ("proofs.yaml", {"all others": "[dog, eel, fox, gnu]"}, "proofs.yaml:9: paved_road: dog cannot both take part and serve as comparison"),
    ("proofs.yaml", {"[ant, bee, cat, dog]": "all"}, "proofs.yaml:9: paved_road: where all take part there is nobody to compare with"),
    ("proofs.yaml", {"alphabet.}": PICKED}, "proofs.yaml:6: paved_road: its teams were picked by lead_time_for_changes in weeks up to 2025-10-06"),
    ("proofs.yaml", {"alphabet.}": BY_LEAD}, "proofs.yaml:12: paved_road: its teams were picked by lead_time_for_changes; `picked.weeks` must say"),
    ("proofs.yaml", {"[release_wait]": SMALLEST}, "proofs.yaml:12: paved_road: it says the smallest effect of features_released"),
    ("proofs.yaml", {"[release_wait]": GUARDED}, "proofs.yaml:12: paved_road: release_wait is both bet on and a guardrail"),
    ("proofs.yaml", {"treated:": "by: squad\n  treated:"}, "proofs.yaml:4: paved_road: there is no column of changes 'squad'"),
    ("proofs.yaml", {"before: 13": "before: 40"}, "proofs.yaml:6: paved_road: its weeks before the start begin on 24 Mar 2025, but"),
    ("sources.yaml", {"team: team": "team: ' '"}, "sources.yaml:11: changes.team holds no SQL; write some or take it out."),
    ("sources.yaml", {"where: $bots_count OR author <> 'bot'": "where: ''"}, "sources.yaml:8: changes.where holds no SQL"),
    ("proofs.yaml", {"[ant, bee, cat, dog]": "[]"}, "proofs.yaml:4: paved_road: no team takes part; name them under `treated`."),
    ("proofs.yaml", {"dog]": "dog, ant]"}, "proofs.yaml:4: paved_road: ant is named twice"),
    ("proofs.yaml", {"treated:": "by: merged_at\n  treated:"}, "proofs.yaml:4: paved_road: changes.merged_at names no groups"),
    ("proofs.yaml", {"treated:": "by: change_id\n  treated:"}, "proofs.yaml:4: paved_road: changes.change_id names no groups"),
    ("proofs.yaml", {"before: 13": "before: 99999"}, "proofs.yaml:6: paved_road.before must be less than or equal to 520, given 99999."),
    ("proofs.yaml", {"2025-12-29": "0205-12-29"}, "proofs.yaml:5: paved_road.start: 0205-12-29 lies outside the years 1980 to 2199"),
    ("audiences.yaml", {"board.ipynb": "../board.ipynb"}, "audiences.yaml:7: executives.notebook: '../board.ipynb' is no name of a file"),
    ("_brand.yml", {"": "color: {primary: nonsense}"}, "params/_brand.yml: color.primary is 'nonsense', which is no colour"),
    ("proofs.yaml", {"before: 13": "starts: {elk: 2025-12-22}\n  before: 13"}, "proofs.yaml:6: paved_road: elk has a start of its own, but takes no part"),
    ("proofs.yaml", {"before: 13": "starts: {ant: 2026-01-05}\n  before: 13"}, "its last week ends; `read_out` can be 2026-03-30"),
    ("proofs.yaml", {"before: 13": "strata: [sort]\n  before: 13"}, "proofs.yaml:6: paved_road: there is no column of changes 'sort'"),
    ("proofs.yaml", {"before: 13": "strata: [merged_at]\n  before: 13"}, "proofs.yaml:6: paved_road: changes.merged_at names no types"),
    ("proofs.yaml", {"all others": "{name: 'e*'}"}, "proofs.yaml:9: there is no key 'name'; did you mean 'names'?"),
    ("proofs.yaml", {"all others": "all other"}, "proofs.yaml:9: paved_road.comparison must be 'none' or 'all others' (did you mean 'all others'?)"),
    ("sources.yaml", {"    covers:": "    changed: {2026-01-12: moved}\n    covers:"}, "sources.yaml:15: moved on 12 Jan 2026, inside the weeks of the proof"),
    ("2026-Q1.yaml", {"[executives]\n": "[executives]\nasks: {executive: {text: x}}\n"}, "2026-Q1.yaml:2: there is no audience 'executive'"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "change", "expected"), ONE_FAULT)
def test_one_thing_wrong_is_one_sentence(workspace: Make, file: str, change: Mapping[str, str], expected: str) -> None:
    found = told(workspace({file: change}))
    assert [f for f in found if expected in f], found
    assert all(f.endswith((".", "?")) for f in found), found
    assert len(found) == 1, found


def test_all_faults_are_listed_at_once(workspace: Make) -> None:
    """Of different files and different sorts."""
    root = workspace(
        {
            "sources.yaml": {"raw/changes.csv": "raw/change.csv", "$bots_count": "$bot_count"},
            "audiences.yaml": {"[release_wait]": "[release_weight]"},
            "proofs.yaml": {"before: 13": "before: 5", "after: 12": "after: 3"},
            "_brand.yml": "colour: {primary: red}\n",
        }
    )
    (root / "notebooks" / "board.ipynb").unlink()
    found = told(root)
    for part in (
        "change.csv",
        "bot_count",
        "release_weight",
        "5 weeks",
        "3 weeks",
        "_brand.yml",
        "board.ipynb is missing",
    ):
        assert any(part in f for f in found), (part, found)
    assert len(found) == len(set(found)) == 7


def test_a_file_that_cannot_be_understood_does_not_hide_the_faults_of_the_others(workspace: Make) -> None:
    root = workspace({"proofs.yaml": "a: [", "organisation.yaml": "nam: x\n"})
    assert sorted({fault.where.split(":")[0] for fault in check.faults(root)}) == [
        "params/organisation.yaml",
        "params/proofs.yaml",
    ]
    assert check.advice(root) == ()


@pytest.mark.parametrize(
    ("notebook", "expected"),
    [
        ("{", "notebooks/board.ipynb: this is no Jupyter notebook"),
        (samples.NOTEBOOK.replace('"parameters"', '"setup"'), "this notebook has no parameters cell"),
        (
            samples.NOTEBOOK.replace("quarter =", "quarters ="),
            "there is no parameter 'quarter'; did you mean 'quarters'?",
        ),
        (samples.NOTEBOOK.replace("quarter =", "quarter ="), None),
    ],
)
def test_a_notebook_that_could_not_be_run(workspace: Make, notebook: str, expected: str | None) -> None:
    root = workspace()
    (root / "notebooks" / "board.ipynb").write_text(notebook, encoding="utf-8")
    found = told(root)
    assert ([f for f in found if expected in f] == found) if expected else found == []
    assert len(found) == (1 if expected else 0)


def test_teams_that_do_not_occur_in_the_extract(workspace: Make) -> None:
    root = extracted(workspace())
    proofs = samples.PARAMS["proofs.yaml"]
    (root / "params" / "proofs.yaml").write_text(
        proofs.replace("dog]", "dogg]").replace("all others", "[eel, fox, gnu, yak]"), encoding="utf-8"
    )
    found = told(root)
    assert len(found) == 2
    assert found[0].startswith("params/proofs.yaml:4: paved_road: there is no team 'dogg'; did you mean 'dog'?")
    assert found[1].startswith("params/proofs.yaml:9: paved_road: there is no team 'yak'")


def test_a_comparison_rule_that_fits_too_few(workspace: Make) -> None:
    root = extracted(workspace({"proofs.yaml": {"all others": "{but: [eel]}"}}))
    found = told(root)
    assert len(found) == 1
    assert "proofs.yaml:9: paved_road: its comparison rule fits 3 teams of the 4 others, 4 are needed" in found[0]


def test_a_harmless_change_of_a_source_is_no_fault(workspace: Make) -> None:
    harmless = "    changed: {2026-01-12: {what: the tracker was moved, harmless: Times were kept.}}\n    covers:"
    assert told(workspace({"sources.yaml": {"    covers:": harmless}})) == []


def test_the_extract_and_not_the_declaration_says_what_is_covered(workspace: Make) -> None:
    """An export that ends in January cannot carry an after window until March."""
    undeclared = {"    covers: [2025-06-01, 2026-04-01]\n": ""}
    root = workspace({"sources.yaml": undeclared})
    lines = samples.export().splitlines()
    short = [lines[0], *(line for line in lines[1:] if int(line.split("-", 1)[0]) < 220)]
    (root / "extracts" / "raw" / "changes.csv").write_text("\n".join(short) + "\n", encoding="utf-8")
    found = told(extracted(root))
    assert len(found) == 1
    assert "params/proofs.yaml:7: paved_road: its weeks after the start run until 22 Mar 2026, but" in found[0]
    assert "the extract of 2026-Q1 holds changes of 3 Jun 2025 –" in found[0]


def test_weeks_still_to_come_are_no_fault_of_an_interim_report(workspace: Make) -> None:
    later = {"start: 2025-12-29": "start: 2026-02-02", "2026-03-23": "2026-04-27"}
    assert told(extracted(workspace({"proofs.yaml": later}))) == []


def test_a_proof_that_starts_after_the_quarter(workspace: Make) -> None:
    later = {"start: 2025-12-29": "start: 2026-04-06", "2026-03-23": "2026-06-29"}
    found = told(workspace({"proofs.yaml": later}))
    assert found == [
        "params/2026-Q1.yaml:2: the proof paved_road starts on 6 Apr 2026, after 2026-Q1 has ended; report it in a later quarter."
    ]


def test_an_ask_of_somebody_who_gets_no_report(workspace: Make) -> None:
    audiences = samples.PARAMS["audiences.yaml"] + "  waive: {ask_without_bet: Not asked here.}\n"
    root = workspace(
        {
            "audiences.yaml": audiences + audiences.replace("executives:", "security:").replace("board", "security"),
            "2026-Q1.yaml": {"[paved_road]": "[paved_road]\nasks:\n  security: {text: more time}"},
        }
    )
    (root / "notebooks" / "security.ipynb").write_text(samples.NOTEBOOK, encoding="utf-8")
    found = told(root)
    assert len(found) == 1
    assert found[0].startswith("params/2026-Q1.yaml:4: security is asked for something but gets no report in 2026-Q1")


def test_an_extract_that_was_altered(workspace: Make) -> None:
    root = extracted(workspace())
    with (root / "extracts" / "2026-Q1" / "changes.parquet").open("ab") as file:
        file.write(b" ")
    assert [f.split(":")[0] for f in told(root)] == ["extracts/2026-Q1"]


def test_advice_on_what_would_let_a_proof_say_more(workspace: Make) -> None:
    def advised(change: Mapping[str, str]) -> list[str]:
        return [str(a) for a in check.advice(workspace({"proofs.yaml": change})) if "proofs.yaml" in a.where]

    (alone,) = advised({"all others": "none"})
    assert alone.startswith("params/proofs.yaml:9: paved_road: the cause cannot be shown; name every other team")
    (two,) = advised({"all others": "none", "[ant, bee, cat, dog]": "[ant, bee]"})
    assert "nothing can be claimed of fewer than four teams alone" in two
    (few,) = advised({"all others": "[eel, fox]"})
    assert "2 teams to compare with cannot serve as a ruler" in few
    (unpicked,) = advised({"  picked: {how: The first four in the alphabet.}\n": ""})
    assert "nothing says how its teams were picked" in unpicked


def test_advice_on_what_the_extract_covers_and_on_a_mapping_that_changed(workspace: Make) -> None:
    root = extracted(workspace())
    sources = samples.PARAMS["sources.yaml"].replace("    covers: [2025-06-01, 2026-04-01]\n", "")
    (root / "params" / "sources.yaml").write_text(sources, encoding="utf-8")
    found = [str(a) for a in check.advice(root)]
    assert len(found) == 2
    assert found[0].startswith("params/sources.yaml:6: changes declares no `covers`;")
    assert found[1].startswith("extracts/2026-Q1: sources.yaml has changed since this extract was taken;")


def test_a_team_called_like_a_script_is_told_as_text(workspace: Make) -> None:
    found = told(extracted(workspace({"proofs.yaml": {"dog]": "'<script>']"}})))
    assert any("'<script>'" in f for f in found)


def test_the_sample_notebook_is_one() -> None:
    assert json.loads(samples.NOTEBOOK)["nbformat"] == 4


def test_the_repositorys_own_workspace_has_no_fault() -> None:
    assert told(REPOSITORY) == []


def test_the_workspace_over_public_history_has_no_fault(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTKIT_REAL_DATA", str(real_data))
    assert told(REPOSITORY / "tests" / "workspaces" / "apache-devlake") == []


def test_without_the_variable_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPORTKIT_REAL_DATA", raising=False)
    found = told(REPOSITORY / "tests" / "workspaces" / "apache-devlake")
    assert found
    assert all("REPORTKIT_REAL_DATA" in f for f in found)


FOCUS = (
    "BilledCost,BillingCurrency,ChargePeriodStart,EffectiveCost,ChargeCategory\n1,GBP,2026-01-01T00:00:00Z,1,Usage\n"
)


def with_costs(root: Path, export: str, mapping: str = "{source: bill}") -> Path:
    (root / "extracts" / "raw" / "bill.csv").write_text(export, encoding="utf-8")
    path = root / "params" / "sources.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("sources:\n", "sources:\n  bill: {type: focus, path: extracts/raw/bill.csv}\n", 1)
    path.write_text(f"{text}  costs: {mapping}\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("change", "told_of"),
    [
        ({"team: team": "team: tean"}, "sources.yaml:11: the source has no column 'tean'; did you mean 'team'? It has: id, "),
        ({"team: team": "team: lower(tean)"}, "sources.yaml:11: the source has no column 'tean'; did you mean 'team'?"),
        ({"author <> 'bot'": "auther <> 'bot'"}, "sources.yaml:8: the source has no column 'auther'; did you mean 'author'?"),
        ({"source: changes": "query: SELECT * FROM chnges"}, "sources.yaml:7: there is no source 'chnges'; did you mean 'changes'?"),
        (
            {"source: changes": "query: SELECT *, row_number() OVER (PARTITION BY tem) FROM changes"},
            "sources.yaml:7: the source has no column 'tem'; did you mean 'team'?",
        ),
        ({"team: team": "team: team + 1"}, "sources.yaml:11: this SQL does not work"),
    ],
)  # fmt: skip
def test_a_mapping_is_held_against_the_header_of_the_file(
    workspace: Make, change: Mapping[str, str], told_of: str
) -> None:
    root = workspace({"sources.yaml": change})
    [fault] = told(root)
    assert told_of in fault


def test_headers_are_read_in_any_encoding_and_of_a_file_that_goes_wrong_further_down(workspace: Make) -> None:
    root = workspace()
    path = root / "extracts" / "raw" / "changes.csv"
    text = path.read_text(encoding="utf-8")
    path.write_bytes((text + "one cell too few\n").encode("utf-16"))
    assert told(root) == []
    path.write_bytes(text.replace("merged", "mergd", 1).encode("utf-16"))
    assert "sources.yaml:13: the source has no column 'merged'; did you mean 'mergd'?" in told(root)[0]


def test_a_focus_export_with_its_own_columns_needs_no_mapping(workspace: Make) -> None:
    assert told(with_costs(workspace(), FOCUS)) == []


def test_a_misspelt_column_of_a_focus_export_is_found(workspace: Make) -> None:
    [fault] = told(with_costs(workspace(), FOCUS.replace("EffectiveCost", "EffectivCost")))
    assert "sources.yaml:17: the export has no column EffectiveCost; did you mean 'EffectivCost'?" in fault


def test_a_cost_that_the_export_lacks_is_no_number_of_an_audience(workspace: Make) -> None:
    root = with_costs(workspace(), FOCUS)
    path = root / "params" / "audiences.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[release_wait]", "[hosting_cost]"), encoding="utf-8")
    [fault] = told(root)
    assert "Hosting cost needs costs.service_category, which sources.yaml does not map" in fault


@pytest.mark.parametrize(
    ("header", "what", "way"),
    [
        ("identity/LineItemId,bill/PayerAccountId,lineItem/UsageStartDate,lineItem/UnblendedCost", "AWS Cost and Usage Report", "FOCUS 1.0 with AWS"),
        ("Service,EC2-Instances($),S3($),Total costs($)", "AWS Cost Explorer download", "FOCUS 1.0 with AWS"),
        ("InvoiceSectionName,SubscriptionId,Date,CostInBillingCurrency", "Azure cost details export", "Cost and usage details (FOCUS)"),
    ],
)  # fmt: skip
def test_exports_that_are_no_focus_are_told_before_an_extract(
    workspace: Make, header: str, what: str, way: str
) -> None:
    faults = told(with_costs(workspace(), header + "\n" + ",".join("1" * len(header.split(","))) + "\n"))
    assert f"sources.yaml:4: this is an {what}, not FOCUS; " in faults[0]
    assert way in faults[0]


def test_two_sources_of_one_entity_are_told_how_they_are_joined(workspace: Make) -> None:
    [fault] = told(workspace({"sources.yaml": {"source: changes": "source: [changes, others]"}}))
    assert fault.startswith("params/sources.yaml:7: ")
    assert "an entity names one source" in fault
    assert "UNION ALL BY NAME" in fault


def test_two_sources_joined_by_a_query_are_one_entity(workspace: Make) -> None:
    root = workspace()
    raw = root / "extracts" / "raw"
    (raw / "more.csv").write_text(
        (raw / "changes.csv").read_text(encoding="utf-8").replace("\n", "\nsecond-"), encoding="utf-8"
    )
    lines = (raw / "more.csv").read_text(encoding="utf-8").splitlines()
    (raw / "more.csv").write_text("\n".join(line for line in lines if line != "second-") + "\n", encoding="utf-8")
    path = root / "params" / "sources.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("sources:\n", "sources:\n  more: {type: file, path: extracts/raw/more.csv}\n", 1)
    joined = "query: SELECT * FROM changes UNION ALL BY NAME SELECT * FROM more"
    path.write_text(text.replace("source: changes", joined), encoding="utf-8")
    place = Workspace.find(extracted(root))
    assert told(root) == []
    origins = place.snapshot("2026-Q1").manifest.entities["changes"].origins
    assert {origin.source for origin in origins} == {"changes", "more"}
