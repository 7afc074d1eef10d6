"""The index tells how sound the data is: rows, reasons, how far each table reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reportkit.model.period import Window
from reportkit.model.unit import THIN
from reportkit.pack.health import health
from reportkit.snapshot import EntityManifest, Manifest
from reportkit.sources import Origin

QUARTER = Window(date(2026, 7, 1), date(2026, 10, 1))
ONE = EntityManifest(
    entity="change_requests", origins=(Origin("requests", "requests.csv", "ab" * 32, 100),), rows_in=1110, set_aside={"bots": 100}, later=10,
    read=1000, accepted=996, rejected_rows=4, rejected={"no date": 4}, covers=("2026-07-01", "2026-10-01"), sha256="", columns=(), missing=(),
)  # fmt: skip


def made(*entities: EntityManifest):
    return health(Manifest("2026-Q3", "UTC", "", "", "", {e.entity: e for e in entities}), QUARTER)


def test_a_sound_table() -> None:
    found = made(ONE)
    (table,) = found.tables
    assert (table.name, table.sources, table.read.replace(THIN, " "), table.rejected, table.aside) == (
        "Change requests",
        "requests.csv",
        "1 000",
        "4 (0.4%)",
        "100",
    )
    assert table.late == ""
    assert tuple(text.replace(THIN, " ") for text in found.sentences) == (
        "1 table of facts was made from 1 000 rows; 4 (0.4%) were rejected, with their reasons.",
        "Each of them reaches the quarter's end.",
    )


def test_what_is_late_odd_or_empty_is_said() -> None:
    late = replace(
        ONE,
        entity="costs",
        covers=("2026-07-01", "2026-09-21"),
        rejected_rows=0,
        set_aside={},
        warnings={"Twice as many as usual.": "Look."},
    )
    found = made(ONE, late)
    assert found.tables[1].late == "10 days short of the quarter's end"
    assert found.tables[1].rejected == "0"
    assert found.tables[1].warnings == ("Twice as many as usual.",)
    assert "Costs does not reach the quarter's end (20 Sep 2026 is the first last day)" in found.sentences[1]
    assert found.sentences[2] == "1 thing is odd about them; see below."
    assert (
        made(replace(ONE, read=0, accepted=0, rejected_rows=0)).sentences[0].endswith("from 0 rows; none was rejected.")
    )
