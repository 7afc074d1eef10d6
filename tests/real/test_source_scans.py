"""Reports of six scanners as another project keeps them: as many findings as it expects of each."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from reportkit.errors import SourceError
from reportkit.sources.scans import counts

#: Files of which we make another number, and why.
DIFFERENT: dict[str, int] = {}


def test_every_file_has_the_findings_that_are_expected(real_data: Path) -> None:
    folder = real_data / "scans"
    with (folder / "expected_finding_counts.csv").open(newline="") as file:
        listed = {f"{row['tool']}/{row['scan_file']}": int(row["expected_findings"]) for row in csv.DictReader(file)}
    assert len(listed) == 30
    empty = {name for name in listed if (folder / name).stat().st_size == 0}
    assert empty == {"osv_scanner/no_findings.json"}
    found = {name: sum(counts(folder / name)) for name in listed if name not in empty}
    assert found == {name: n for name, n in listed.items() if name not in empty} | DIFFERENT


def test_an_empty_file_is_not_one_without_findings(real_data: Path) -> None:
    with pytest.raises(SourceError, match=r"is empty \(0 bytes\)"):
        list(counts(real_data / "scans" / "osv_scanner" / "no_findings.json"))
    assert list(counts(real_data / "scans" / "pip_audit" / "zero_vulns_new.json")) == [0]
