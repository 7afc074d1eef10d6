"""Workbooks, files in a cloud's store, and FOCUS exports."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import escape

import pytest

from reportkit.errors import SourceError
from tests.servers.web import Answer, Asked, serving
from tests.unit.sourcing import Read, facts, taken

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PACK = "http://schemas.openxmlformats.org/package/2006/relationships"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DATE_STYLE = 1


def workbook(path: Path, sheets: Mapping[str, list[list[Any]]]) -> Path:
    """An .xlsx with text, numbers, booleans, and dates as ('date', serial number)."""

    def cell(value: Any) -> str:
        if value is None:
            return "<c/>"
        if isinstance(value, tuple):
            return f'<c s="{DATE_STYLE}"><v>{value[1]}</v></c>'
        if isinstance(value, bool):
            return f'<c t="b"><v>{int(value)}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    def related(links: str) -> str:
        return f'<Relationships xmlns="{PACK}">{links}</Relationships>'

    def sheet(rows: list[list[Any]]) -> str:
        lines = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
        return f"<worksheet {NS}><sheetData>{lines}</sheetData></worksheet>"

    names = list(sheets)
    listed = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="rId{i}"/>' for i, n in enumerate(names, 1))
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in enumerate(names, 1)
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": related(f'<Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/>'),
        "xl/workbook.xml": f'<workbook {NS} xmlns:r="{REL}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": related(f'{links}<Relationship Id="rIdS" Type="{REL}/styles" Target="styles.xml"/>'),
        "xl/styles.xml": f'<styleSheet {NS}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
        **{f"xl/worksheets/sheet{i}.xml": sheet(rows) for i, rows in enumerate(sheets.values(), 1)},
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return path


class TestExcel:
    def test_numbers_dates_and_words_as_text(self, tmp_path: Path) -> None:
        rows = [["Id", "Merged at", "Share", "Done", "Id"], [123, ("date", 46146.5), 0.25, True, "00123"], [None] * 5]
        workbook(tmp_path / "a.xlsx", {"First": rows})
        read = Read(tmp_path, {"type": "file", "path": "a.xlsx"})
        assert read.rows("FROM it") == [("123", "2026-05-04 12:00:00", "0.25", "true", "00123")]
        assert read.origins[0].columns == ("Id", "Merged at", "Share", "Done", "Id_2")

    def test_a_sheet_by_name_and_a_title_above_the_header(self, tmp_path: Path) -> None:
        workbook(tmp_path / "a.xlsx", {"Notes": [["x"]], "Facts": [["Our facts"], ["id"], ["1"]]})
        read = Read(tmp_path, {"type": "file", "path": "a.xlsx", "sheet": "Facts", "skip": 1})
        assert read.rows("SELECT id FROM it") == [("1",)]
        with pytest.raises(SourceError, match=r"there is no sheet in a\.xlsx 'Fact'; did you mean 'Facts'"):
            Read(tmp_path, {"type": "file", "path": "a.xlsx", "sheet": "Fact"})

    def test_what_is_no_workbook(self, tmp_path: Path) -> None:
        (tmp_path / "a.xlsx").write_text("no")
        with pytest.raises(SourceError, match="cannot be read as a workbook"):
            Read(tmp_path, {"type": "file", "path": "a.xlsx"})


class TestStore:
    """A store that speaks S3, with two objects."""

    OBJECTS: ClassVar = {"facts/a-1.csv": b"id,x\n1,a\n", "facts/a-2.csv": b"id,x\n2,b\n", "facts/b.csv": b"id\n3\n"}

    def answer(self, asked: Asked) -> Answer:
        key = asked.path.removeprefix("/bucket").removeprefix("/")
        if "list-type" in asked.params:
            found = [k for k in self.OBJECTS if k.startswith(asked.params.get("prefix", ""))]
            when = "2026-05-01T00:00:00.000Z"
            entries = "".join(
                f"<Contents><Key>{k}</Key><Size>{len(self.OBJECTS[k])}</Size><LastModified>{when}</LastModified></Contents>"
                for k in found
            )
            head = f"<Name>bucket</Name><KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
            text = f"<ListBucketResult>{head}{entries}</ListBucketResult>"
            return Answer(text.encode(), headers={"Content-Type": "application/xml"})
        if key in self.OBJECTS:
            return Answer(
                self.OBJECTS[key],
                headers={"Content-Type": "text/csv", "Last-Modified": "Fri, 01 May 2026 00:00:00 GMT", "ETag": '"1"'},
            )
        return Answer(b"", 404)

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("s3://bucket/facts/a-*.csv", [("1", "a"), ("2", "b")]), ("s3://bucket/facts/a-2.csv", [("2", "b")])],
    )
    def test_files_and_patterns(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: Any
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "planted-key")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with serving({r"/bucket.*": self.answer}) as server:
            read = Read(tmp_path, {"type": "file", "path": path, "endpoint": server.url})
            assert read.rows("SELECT id, x FROM it ORDER BY id") == expected
            with pytest.raises(SourceError, match=r"no file matches s3://bucket/facts/c.csv"):
                Read(tmp_path, {"type": "file", "path": "s3://bucket/facts/c.csv", "endpoint": server.url})

    def test_azure_wants_an_account(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
        with pytest.raises(SourceError, match="AZURE_STORAGE_ACCOUNT"):
            Read(tmp_path, {"type": "file", "path": "az://container/a.csv"})


class TestFocus:
    HEADER = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"

    def test_costs_by_its_own_names_and_by_tags(self, tmp_path: Path) -> None:
        rows = (
            '1.5,1.25,USD,2026-05-01 00:00:00,2026-05-02 00:00:00,Storage,"{""cost-centre"": ""shop""}"\n'
            "2,2,USD,2026-05-01 00:00:00,2026-05-02 00:00:00,NULL,NULL\n"
        )
        (tmp_path / "focus.csv").write_text(f"{self.HEADER}\n{rows}")
        settings = {"type": "focus", "path": "focus.csv", "tags": {"team": "cost-centre"}}
        manifest = taken(tmp_path, {"cloud": settings}, {"costs": {"source": "cloud"}})
        assert manifest.entities["costs"].rejected_rows == 0
        assert facts(tmp_path, "costs", "effective_cost, billed_cost, currency, service_name, team") == [
            (1.25, 1.5, "USD", "Storage", "shop"), (2.0, 2.0, "USD", None, None),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            (
                "lineItem/UsageStartDate,lineItem/UnblendedCost",
                "this is an AWS Cost and Usage Report, not FOCUS; in the Billing console",
            ),
            ('"Service","Total costs($)"', "this is an AWS Cost Explorer download"),
            (
                "Date,CostInBillingCurrency,MeterCategory",
                "this is an Azure cost details export.*Cost and usage details",
            ),
            ("billing_account_id,usage_start_time,cost", "this is a Google Cloud billing export"),
            ("a,b", "this is no FOCUS export: it has no BilledCost and no BillingCurrency"),
        ],
    )
    def test_other_exports_are_told_apart(self, tmp_path: Path, header: str, expected: str) -> None:
        (tmp_path / "x.csv").write_text(f"{header}\n1,2,3\n" if header.count(",") == 2 else f"{header}\n1,2\n")
        with pytest.raises(SourceError, match=expected):
            Read(tmp_path, {"type": "focus", "path": "x.csv"})


def test_a_column_that_came_or_went_is_told_at_the_next_extract(tmp_path: Path) -> None:
    mapping = {"changes": {"source": "raw", "columns": {"change_id": "id", "merged_at": "merged"}}}
    (tmp_path / "a.csv").write_text("id,merged,old\n1,2026-05-01,x\n")
    assert taken(tmp_path, {"raw": {"type": "file", "path": "a.csv"}}, mapping).drift == ()
    (tmp_path / "a.csv").write_text("id,merged,new\n1,2026-05-01,x\n")
    assert taken(tmp_path, {"raw": {"type": "file", "path": "a.csv"}}, mapping).drift == (
        "raw has other columns than at the last extract: new are new, gone are old.",
    )
