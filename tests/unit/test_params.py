"""params/*.yaml: every fault with its file, its line, what was given and the mend."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import ruamel.yaml

from reportkit import params, written
from reportkit.errors import ParamsError
from reportkit.model.params import Proof

NORTHWIND = Path(__file__).parents[2] / "params"
ORGANISATION = "name: Northwind\ntime_zone: Europe/London\n"
SOURCES = (
    'sources:\n  raw: {type: file, path: "raw.csv"}\n'
    "entities:\n  changes:\n    source: raw\n    columns:\n      change_id: sha\n"
)
AUDIENCES = (
    "executives:\n  title: Executives\n  problem: It takes too long.\n"
    "  quantified_by: lead_time\n  primary: lead_time\n"
)
PROOFS = (
    "paved_road:\n  name: The paved road\n  tried: one path\n  treated: all\n  start: 2026-07-06\n"
    "  read_out: 2026-09-30\n  headline: [lead_time]\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """params/ that hold together."""
    for name, text in {
        "organisation.yaml": ORGANISATION, "sources.yaml": SOURCES, "audiences.yaml": AUDIENCES,
        "proofs.yaml": PROOFS, "2026-Q3.yaml": "proofs: [paved_road]\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def faults(folder: Path) -> list[str]:
    return [str(fault) for fault in params.read(folder)[1]]


def put(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    return faults(folder)


def test_params_that_hold_together_are_read(folder):
    read, found = params.read(folder)
    assert found == ()
    assert read is not None
    assert read.organisation.zone.key == "Europe/London"
    assert read.needles == {}
    assert list(read.quarters) == ["2026-Q3"]
    assert read.sources.entities["changes"].columns["change_id"].sql == "sha"


def test_an_unknown_key_comes_with_file_line_and_the_near_one(folder):
    (found,) = put(folder, "organisation.yaml", ORGANISATION + "curency: EUR\n")
    assert found.startswith("params/organisation.yaml:3: ")
    assert "'curency'" in found
    assert "did you mean 'currency'" in found


def test_an_unknown_key_deep_inside_knows_the_keys_of_its_place(folder):
    (found,) = put(folder, "audiences.yaml", AUDIENCES + "  ask:\n    txt: money\n    text: more\n")
    assert found.startswith("params/audiences.yaml:7: ")
    assert "did you mean 'text'" in found
    assert "Known: needle, stop, text." in found


def test_all_faults_of_all_files_are_told_at_once(folder):
    put(folder, "organisation.yaml", "time_zone: Mars/Olympus\ncurrency: pounds\n")
    found = put(folder, "proofs.yaml", PROOFS.replace("  start: 2026-07-06\n", "").replace("all", "3"))
    text = "\n".join(found)
    for part in ("name is missing", "Mars/Olympus", "pounds", "paved_road.start is missing", "treated"):
        assert part in text
    assert {f.split(":")[0] for f in found} == {"params/organisation.yaml", "params/proofs.yaml"}


def test_every_fault_is_one_line(folder):
    put(folder, "organisation.yaml", "time_zone: Mars/Olympus\nrejected_at_most: 3\nholidays: [yesterday]\n")
    put(folder, "sources.yaml", SOURCES + "    query: SELECT 1\n")
    for fault in put(folder, "audiences.yaml", "Executives: {}\n"):
        assert "\n" not in fault
        assert fault.count("..") == 0
        assert "pydantic" not in fault
        assert "errors.pydantic.dev" not in fault


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name: [\n", "not YAML"),
        ("- a\n- b\n", "no `key: value` entries"),
        ("a: b: c\n", "not YAML"),
        ("\tname: x\n", "not YAML"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_refused_in_a_sentence(folder, text, part):
    (found,) = put(folder, "organisation.yaml", text)
    assert part in found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("all", "3"), "proofs.yaml:4: paved_road.treated must be 'all' or a list such as [a, b], given 3."),
        (("2026-07-06", "soon"), "proofs.yaml:5: paved_road.start must be a date like 2026-07-01, given 'soon'."),
        (
            ("tried: one path", "statistic: meadian"),
            "must be 'median' or 'typical' (did you mean 'median'?), given 'meadian'.",
        ),
        (
            ("paved_road", "Paved road"),
            "proofs.yaml:1: Paved road must be in small letters, digits and underscores, such as",
        ),
        (("tried: one path", "before: -1"), "paved_road.before must be greater than or equal to 1, given -1."),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_in_plain_words(folder, change, sentence):
    assert sentence in "\n".join(put(folder, "proofs.yaml", PROOFS.replace(*change)))


def test_a_key_given_twice_is_refused(folder):
    (found,) = put(folder, "organisation.yaml", ORGANISATION + "name: Southwind\n")
    assert found.startswith("params/organisation.yaml")
    assert "name" in found


def test_a_missing_file_says_how_to_get_one(folder):
    (folder / "organisation.yaml").unlink()
    assert faults(folder) == [
        "params/organisation.yaml: this file is missing; `reportkit init` writes one to start from."
    ]


def test_needles_and_proofs_may_be_left_out(folder):
    (folder / "proofs.yaml").unlink()
    read, found = params.read(folder)
    assert found == ()
    assert read is not None
    assert read.proofs == {}


def test_latin_1_text_is_refused_and_a_byte_order_mark_is_not(folder):
    (folder / "organisation.yaml").write_bytes("name: Café\n".encode("latin-1"))
    assert "not UTF-8" in faults(folder)[0]
    (folder / "organisation.yaml").write_bytes(b"\xef\xbb\xbf" + "name: Café\n".encode())
    assert faults(folder) == []


@pytest.mark.parametrize("name", ["2026-Q5.yaml", "needle.yaml", "proof.yml"])
def test_a_file_that_nothing_reads_is_a_fault(folder, name):
    (found,) = put(folder, name, "a: 1\n")
    assert found.startswith(f"params/{name}: ")
    assert "like 2026-Q3.yaml" in found


def test_a_brand_file_is_no_stranger(folder):
    assert put(folder, "_brand.yml", "color: {}\n") == []


def test_environment_variables_are_filled_in(folder, monkeypatch):
    monkeypatch.setenv("FACTS", "/data")
    put(folder, "sources.yaml", SOURCES.replace("raw.csv", "${FACTS}/raw.csv"))
    read, _ = params.read(folder)
    assert read is not None
    assert read.sources.sources["raw"]["path"] == "/data/raw.csv"


def test_an_environment_variable_that_is_not_set_is_named_with_its_line(folder, monkeypatch):
    monkeypatch.delenv("FACTS", raising=False)
    (found,) = put(folder, "sources.yaml", SOURCES.replace("raw.csv", "${FACTS}/raw.csv"))
    assert found.startswith("params/sources.yaml:2: the environment has no variable FACTS")


def test_a_source_and_a_query_are_one_too_many(folder):
    (found,) = put(folder, "sources.yaml", SOURCES + "    query: SELECT 1\n")
    assert "either a source or a query" in found


def test_schemas_complete_the_yaml_in_an_editor():
    found = params.schemas()
    assert set(found) == {*params.FILES, "quarter.yaml"}
    assert found["organisation.yaml"]["additionalProperties"] is False
    assert found["organisation.yaml"]["properties"]["time_zone"]["description"]


def proof(**changes):
    given = {"name": "P", "tried": "x", "treated": "all", "start": date(2026, 7, 6), "read_out": date(2026, 10, 1)}
    return Proof.model_validate({**given, "headline": ("lead_time",), **changes})


def test_windows_of_a_start_on_a_monday_touch():
    before, after = proof(before=13, after=12).windows
    assert (before.start, before.end) == (date(2026, 4, 6), date(2026, 7, 6))
    assert (after.start, after.end) == (date(2026, 7, 6), date(2026, 9, 28))


def test_the_week_of_a_start_in_mid_week_belongs_to_neither_window():
    before, after = proof(start=date(2021, 12, 30), before=12, after=24).windows
    assert (before.end, after.start) == (date(2021, 12, 27), date(2022, 1, 3))
    assert (len(before.weeks), len(after.weeks)) == (12, 24)


def test_settling_in_leaves_whole_weeks_out():
    before, after = proof(settling_in=2).windows
    assert (after.start - before.end).days == 14


@pytest.mark.parametrize(
    "change", [{"headline": ()}, {"headline": tuple("abcd")}, {"before": 0}, {"comparison": "all"}]
)
def test_a_proof_that_cannot_be_meant_is_refused(change):
    with pytest.raises(ValueError, match=r"."):
        proof(**change)


def test_a_date_that_no_calendar_has_is_named_with_its_line(folder):
    found = put(folder, "proofs.yaml", "x:\n  start: 2026-02-30\n")
    assert "params/proofs.yaml:2: 2026-02-30 is no date; no calendar has it." in [str(f) for f in found]


TEXTS = (
    "", "~\n", "# nothing\n", "{}\n", "a:\n", "a: yes\nb: NO\nc: on\n", "a: 010\nb: 0o17\nc: 1_000\nd: 0x1f\ne: 1e3\nf: .5\n",
    "a: 2026-07-01\nb: 12:30\nc: 2026-07-01T10:00:00Z\n", "a: |\n  one\n  two\nb: >-\n  three\n  four\n", "a: [type:bug, http://h:80/p]\n",
    "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n", "%YAML 1.1\n---\na: yes\nb: 010\n", "a:\t1\n", "a: 1 \t# c\n", "k: ['a':1]\n", "a: !\n",
    "&x: v\n", "a: 1\r\nb:\r\n  - 2\r\n", "a: 1\u2028b: 2\n", "a: \"\u00e4\u2026\"\n", "'a b': 1\n? c\n: 2\n3: d\ntrue: e\n", "a: !x 1\n",
    "a: 1\na: 2\n", "a: [1\nb: 2\n", "a: b: c\n", "a: 2026-02-30\n", "a: 1\n---\nb: 2\n", "a: \x07\n", "- a\nb: 1\n", "a: *q\n", "a: @x\n",
    "a: " + "[" * 1500, "a: b\n" * 2 + "  c", "a: 'x\n", "a: \"\\q\"\n", "sql: |\n  SELECT *\n  FROM t -- !\n", "a: x*y & !z\n",
)  # fmt: skip


def loaded(folder: Path, text: str) -> object:
    (folder / "organisation.yaml").write_text(text, encoding="utf-8", newline="")
    try:
        return params._parse(folder / "organisation.yaml", "params/organisation.yaml")
    except ParamsError as error:
        return str(error)


@pytest.mark.parametrize("text", TEXTS)
def test_the_quick_way_to_read_yaml_means_the_same(text, tmp_path, monkeypatch):
    assert ruamel.yaml.__with_libyaml__, "ruamel.yaml.clib is not installed"
    quick = loaded(tmp_path, text)
    monkeypatch.setattr(written, "YAML", lambda **_: ruamel.yaml.YAML(typ="safe", pure=True))
    assert quick == loaded(tmp_path, text)


def test_a_tag_is_refused_in_plain_words_with_its_line(folder):
    (found,) = put(folder, "organisation.yaml", ORGANISATION + "currency: !money EUR\n")
    assert found == "params/organisation.yaml:3: a tag such as !name has no meaning here; write the value without it."


def test_the_quick_way_to_read_yaml_finds_the_same_values_and_lines(monkeypatch):
    assert ruamel.yaml.__with_libyaml__, "ruamel.yaml.clib is not installed"
    quick = params.read(NORTHWIND)
    monkeypatch.setattr(written, "YAML", lambda **_: ruamel.yaml.YAML(typ="safe", pure=True))
    assert quick == params.read(NORTHWIND)
    assert quick[0].lines.where("audiences.yaml", "executives", "problem").rsplit(":", 1)[1].isdigit()


def test_what_the_quick_way_to_read_yaml_forbids_is_read_all_the_same(folder):
    (found,) = put(folder, "2026-Q3.yaml", "proofs: [paved_road]\naudiences: [type:bug]\n")
    assert found.startswith("params/2026-Q3.yaml:2: audiences.0 must be ")
    assert found.endswith("given 'type:bug'.")


def test_an_alias_within_itself_is_refused_in_a_sentence(folder):
    (found,) = put(folder, "organisation.yaml", "name: &it\n  more: *it\n")
    assert found == (
        "params/organisation.yaml: this file goes too deep, or an alias (*name) stands within what it is an alias of; "
        "write it out."
    )
