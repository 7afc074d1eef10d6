"""The file source: formats, encodings, delimiters, and the sentence that each bad file gets."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportkit.errors import SourceError
from reportkit.fetch.tabular.packed import CHUNK
from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.snapshot import take
from reportkit.sources import Place
from reportkit.sources.file import Spec, read

TEXT = "id,name\n00123,Zoë\n9007199254740993,b\n"
ROWS = [("00123", "Zoë"), ("9007199254740993", "b")]


def rows(folder: Path, path: str, **settings: Any) -> list[tuple[Any, ...]]:
    (folder / "scratch").mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        read(Spec(path=path, **settings), "raw", Place(folder, connection, folder / "scratch"))
        return connection.execute("SELECT * FROM raw").fetchall()


def zipped(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", data)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda p, d: p.write_bytes(d)),
        ("a.csv.gz", lambda p, d: p.write_bytes(gzip.compress(d))),
        ("a.csv.bz2", lambda p, d: p.write_bytes(bz2.compress(d))),
        ("a.csv.xz", lambda p, d: p.write_bytes(lzma.compress(d))),
        ("a.csv.zip", zipped),
    ],
)
def test_packed_or_not_the_rows_are_the_same_and_ids_stay_exact(
    tmp_path: Path, name: str, write: Callable[[Path, bytes], None]
) -> None:
    write(tmp_path / name, TEXT.encode())
    assert rows(tmp_path, name) == ROWS


def test_zstd(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT '00123' AS id, 'Zoë' AS name) TO '{tmp_path}/a.csv.zst' (HEADER, COMPRESSION zstd)"
        )
    assert rows(tmp_path, "a.csv.zst") == ROWS[:1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_unicode_with_a_byte_order_mark_is_understood(tmp_path: Path, encoding: str) -> None:
    text = ("\ufeff" if encoding == "utf-16-le" else "") + TEXT
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert rows(tmp_path, "a.csv") == ROWS


def test_latin_1_is_refused_with_the_line_and_read_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.encode("windows-1252"))
    with pytest.raises(
        SourceError,
        match=r"a.csv is not UTF-8 \(byte 0xEB in line 2\); if Excel wrote it, set `encoding: windows-1252`",
    ):
        rows(tmp_path, "a.csv")
    assert rows(tmp_path, "a.csv", encoding="windows-1252") == ROWS


def columns(folder: Path, path: str, **settings: Any) -> tuple[str, ...]:
    with duckdb.connect() as connection:
        place = Place(folder, connection, folder / "scratch", headers=True)
        return read(Spec(path=path, **settings), "export", place)[0].columns


def test_a_header_in_latin_1_is_refused_alike_and_a_letter_cut_by_the_chunk_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,Größe\n1,2\n".encode("windows-1252"))
    with pytest.raises(
        SourceError,
        match=r"a.csv is not UTF-8 \(byte 0xF6 in line 1\); if Excel wrote it, set `encoding: windows-1252`",
    ):
        columns(tmp_path, "a.csv")
    assert columns(tmp_path, "a.csv", encoding="windows-1252") == ("id", "Größe")
    start = "id,Größe\n"
    odd = CHUNK - len(start.encode()) - 1  # so that the chunk ends within the first ë
    (tmp_path / "b.csv").write_text(start + "x" * (odd - 2) + ",ë" + "ë\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text(start + "x" * (odd - 1) + ",ë" + "ë\n", encoding="utf-8")
    assert columns(tmp_path, "b.csv") == columns(tmp_path, "c.csv") == ("id", "Größe")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "a.csv").write_text(TEXT.replace(",", delimiter))
    assert rows(tmp_path, "a.csv") == ROWS


def test_a_wrong_delimiter_is_told_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    with pytest.raises(SourceError, match=r"finds a single column in a.csv; the header looks separated by comma"):
        rows(tmp_path, "a.csv", delimiter=";")


def test_quotes_and_line_breaks_inside_a_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,name\n1,"a, ""b""\nc"\n')
    assert rows(tmp_path, "a.csv") == [("1", 'a, "b"\nc')]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"a.csv is empty \(0 bytes\)"),
        (
            b"Report of changes,,,,\nid,a,b,c,d\n1,2,3,4,5\n",
            "most columns of a.csv have no name in line 1; is the header there",
        ),
        (b"Report of changes\n", "has no header line; is `skip: 3` too many"),
    ],
)
def test_a_file_that_cannot_be_meant(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        rows(tmp_path, "a.csv", skip=3 if "skip: 3" in sentence else 0)


def test_a_header_alone_is_no_facts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n")
    assert rows(tmp_path, "a.csv") == []


def test_words_for_nothing_are_nothing_where_they_are_the_whole_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,name\n?,"NULL"\n1,who?\n,null\n')
    assert rows(tmp_path, "a.csv", missing=["?", "NULL"]) == [(None, None), ("1", "who?"), (None, "null")]
    assert rows(tmp_path, "a.csv") == [("?", "NULL"), ("1", "who?"), (None, "null")]


def test_words_for_nothing_are_refused_where_the_format_has_a_null(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "?"}\n')
    with pytest.raises(SourceError, match=r"`missing` is for CSV, and a\.jsonl is jsonl, which has a null of its own"):
        rows(tmp_path, "a.jsonl", missing=["?"])


def test_lines_before_the_header_are_skipped_when_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Exported by X\n\n" + TEXT)
    assert rows(tmp_path, "a.csv", skip=2) == ROWS


def test_missing_and_unknown_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no file gone.csv; put the export there"):
        rows(tmp_path, "gone.csv")
    with pytest.raises(SourceError, match=r"no file matches \*.csv"):
        rows(tmp_path, "*.csv")
    (tmp_path / "a.xyz").write_text("x")
    with pytest.raises(SourceError, match=r"a.xyz has an unknown ending"):
        rows(tmp_path, "a.xyz")


def test_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TEXT.encode() * 100)[:-20])
    with pytest.raises(SourceError, match=r"a.csv.gz is damaged or cut short"):
        rows(tmp_path, "a.csv.gz")


def test_a_glob_unites_files_by_column_name(tmp_path: Path) -> None:
    (tmp_path / "a-1.csv").write_text("id,name\n1,x\n")
    (tmp_path / "a-2.csv").write_text("name,id,extra\ny,2,z\n")
    assert rows(tmp_path, "a-*.csv") == [("1", "x", None), ("2", "y", "z")]


def test_json_in_its_three_forms(tmp_path: Path) -> None:
    one = '{"id": 9007199254740993, "user": {"login": "zoe"}}'
    (tmp_path / "a.jsonl").write_text(f"{one}\n")
    (tmp_path / "a.json").write_text(f"[{one}]")
    for name in ("a.jsonl", "a.json"):
        assert rows(tmp_path, name) == [(9007199254740993, {"login": "zoe"})]
    (tmp_path / "broken.json").write_text('[{"id": ')
    with pytest.raises(SourceError, match=r"broken.json cannot be read"):
        rows(tmp_path, "broken.json")


def test_parquet(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS id) TO '{tmp_path}/a.parquet'")
    assert rows(tmp_path, "a.parquet") == [(1,)]


def extract(root: Path) -> None:
    spec = {"sources": {"raw": {"type": "file", "path": "raw.csv"}},
            "entities": {"changes": {"source": "raw", "columns": {"change_id": "id", "team": "team", "first_commit_at": "first"}}}}  # fmt: skip
    take(Sources.model_validate(spec), Organisation(name="x"), Quarter.parse("2026-Q1"), root)


def test_a_ragged_row_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("id,team,first\na,x,2026-01-01\nb,x\n")
    with pytest.raises(SourceError, match=r"line 3 of raw.csv has 2 columns where the header has 3"):
        extract(tmp_path)


STREAMED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.unit.test_source_file import extract
import duckdb, pyarrow, pandas
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
extract(Path(sys.argv[2]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.heavy
def test_a_file_larger_than_the_memory_allowed_is_read_in_a_stream(tmp_path: Path) -> None:
    """350 MB of rows, 128 MiB for the engine: the process grows by far less than the file."""
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'change-' || i AS id, 'team-' || (i % 50) AS team, '2026-01-' || lpad((1 + i % 28)::VARCHAR, 2, '0')"
            f" || 'T00:00:00+02:00' AS first, repeat('x', 300) AS filler FROM range(1000000) t(i)) TO '{tmp_path}/raw.csv' (HEADER)"
        )
    assert (tmp_path / "raw.csv").stat().st_size > 330 << 20
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", STREAMED, root, str(tmp_path)], capture_output=True, text=True, check=False,
        env={**os.environ, "REPORTKIT_MEMORY": "128"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < 280


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"id,name\r\n1,a\n2,b\r\n", [("1", "a"), ("2", "b")]),  # files joined on two systems
        (b"id,name\r1,a\r", [("1", "a")]),
        (b'id,name\r\n1,"a\nb"\r\n', [("1", "a\nb")]),
        (b"\n\nid,name\n1,a\n\n\n2,b", [("1", "a"), ("2", "b")]),
        (b"sep=;\r\nid;name\r\n1;a,b\r\n", [("1", "a,b")]),  # how Excel is told
        (b"id,name\n#1,NULL\nNA,\\N\n", [("#1", "NULL"), ("NA", "\\N")]),  # no comments, no other empty than ''
        (b'id,name\n1,\n2,""\n', [("1", None), ("2", None)]),
        (b'id,name\n1,5" disk\n', [("1", '5" disk')]),
        (b'id,"first\nname"\n1,a\n', [("1", "a")]),
        ('id,name\n1,"é"\n'.encode("utf-16-be"), [("1", "é")]),  # no mark at all
    ],
)
def test_text_as_systems_write_it(tmp_path: Path, content: bytes, found: list[tuple[str, ...]]) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert rows(tmp_path, "a.csv") == found


def names(folder: Path, path: str, **settings: Any) -> list[str]:
    (folder / "scratch").mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        read(Spec(path=path, **settings), "raw", Place(folder, connection, folder / "scratch"))
        return [str(row[0]) for row in connection.execute("DESCRIBE raw").fetchall()]


def test_columns_get_names_that_can_be_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",id , ID,Created\n0,1,2,3\n")
    assert names(tmp_path, "a.csv") == ["column_1", "id", "ID_2", "Created"]


def test_a_tab_file_with_commas_in_it_and_one_with_commas_only(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id\tname, first, middle\n1\ta,b\n")
    assert rows(tmp_path, "a.tsv") == [("1", "a,b")]
    (tmp_path / "b.tsv").write_text("id,name\n1,a\n")
    assert rows(tmp_path, "b.tsv") == [("1", "a")]


@pytest.mark.parametrize("delimiter", ["^", "tab", "\\t", "semicolon"])
def test_a_delimiter_may_be_named(tmp_path: Path, delimiter: str) -> None:
    sign = {"tab": "\t", "\\t": "\t", "semicolon": ";"}.get(delimiter, delimiter)
    (tmp_path / "a.csv").write_text(TEXT.replace(",", sign))
    assert rows(tmp_path, "a.csv", delimiter=delimiter) == ROWS


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"delimiter": ",,"}, "a delimiter is one character"), ({"encoding": "latin-99"}, "'latin-99' is no encoding")],
)
def test_a_setting_that_cannot_be_meant(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Spec(path="a.csv", **settings)


def test_a_name_with_signs_of_a_glob_means_that_file_alone(tmp_path: Path) -> None:
    folder = tmp_path / "it's [new]"
    folder.mkdir()
    (folder / "a1.csv").write_text("id\nwrong\n")
    for name in ("a[1].csv", "a*.csv"):
        (folder / name).write_text(f"id\n{name}\n")
        assert rows(folder, name) == [(name,)]
    assert len(rows(folder, "a[[]1].csv")) == 1  # a glob, as there is no file of that name


def test_two_sources_of_the_same_file_name_do_not_meet(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.json.xz").write_bytes(lzma.compress(f'[{{"id": "{name}"}}]'.encode()))
            (tmp_path / name / "b.csv").write_bytes(f"id\n{name}\n".encode("utf-16"))
        place = Place(tmp_path, connection, tmp_path / "scratch")
        for name in ("one", "two"):
            read(Spec(path=f"{name}/a.json.xz"), name, place)
            read(Spec(path=f"{name}/b.csv"), f"{name}_b", place)
        found = connection.execute("SELECT * FROM one, one_b, two, two_b").fetchall()
    assert found == [("one", "one", "two", "two")]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_json_packed_or_with_a_mark_is_the_same(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    ending = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}.get(pack, "")
    (tmp_path / f"a.json{ending}").write_bytes(pack(b'\xef\xbb\xbf[{"id": 1}, {"id": 2, "more": true}]'))
    assert rows(tmp_path, f"a.json{ending}") == [(1, None), (2, True)]


def test_dates_in_json_stay_as_they_were_written(tmp_path: Path) -> None:
    text = '{"at": "2026-01-01T10:00:00+08:00", "day": "2026-01-01", "in": {"at": "2026-01-01T00:00:00Z"}, "all": ["2026-01-01"]}'
    (tmp_path / "a.jsonl").write_text(text)
    expected = ("2026-01-01T10:00:00+08:00", "2026-01-01", {"at": "2026-01-01T00:00:00Z"}, ["2026-01-01"])
    assert rows(tmp_path, "a.jsonl") == [expected]


@pytest.mark.parametrize("text", ["[]", " \n", "[1, 2]"])
def test_json_without_records_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SourceError, match=r"a.json holds no records: a list of objects, or one object a line"):
        rows(tmp_path, "a.json")


def test_broken_json_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2\n{"a": 3}\n')
    with pytest.raises(SourceError, match=r"a.jsonl cannot be read: malformed JSON .*line 3.*; export it again"):
        rows(tmp_path, "a.jsonl")


def test_an_archive_of_several_files_is_not_guessed_at(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("__MACOSX/._a.csv", "x")
        archive.writestr("a.csv", TEXT)
    assert rows(tmp_path, "export.zip") == ROWS
    with zipfile.ZipFile(tmp_path / "export.zip", "a") as archive:
        archive.writestr("b.csv", TEXT)
    with pytest.raises(SourceError, match=r"export.zip holds 2 files; unpack it and name the one that is meant"):
        rows(tmp_path, "export.zip")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.parquet", b"PAR1 cut", r"a.parquet cannot be read: "),
        ("a.csv.gz", b"no gzip at all", r"a.csv.gz is damaged or cut short"),
        ("a.csv.zst", b"no zstd at all", r"a.csv.zst is damaged or cut short"),
        ("a.csv.zip", b"no zip at all", r"a.csv.zip is damaged or cut short"),
        ("a.csv", "id,näme\n1,ü".encode("utf-16")[:-1], r"a.csv is not utf-16 \(byte 0xFC in line 2\)"),
        ("a.csv", b"id\n" + b"a\n" * 700_000 + b"\xc3", r"a.csv is not UTF-8 \(byte 0xC3 in line 700002\)"),
        ("a.csv", b"id\n" + b"a\n" * 700_000 + b"\xe9\n", r"a.csv is not UTF-8 \(byte 0xE9 in line 700002\)"),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        rows(tmp_path, name)


def test_files_of_two_formats_are_two_sources(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(SourceError, match=r"a.csv is csv and b.json is json; make them two sources"):
        rows(tmp_path, "?.*s*")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("a,x,2026-01-01,\nb,y,2026-01-01,more\n", "line 3 of raw.csv has 4 columns where the header has 3"),
        ('a,"x,2026-01-01\nb,y,2026-01-01\n', "line 2 of raw.csv has a quote that does not end where its cell does"),
        (f'a,"{"x" * 3_000_000}",2026-01-01\n', "line 2 of raw.csv is longer than 2 MB"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, lines: str, sentence: str) -> None:
    (tmp_path / "raw.csv").write_bytes(f"id,team,first\n{lines}".encode("utf-16"))
    with pytest.raises(SourceError, match=sentence):
        extract(tmp_path)
    assert list((tmp_path / "extracts").iterdir()) == []


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(SourceError, match=r"there is no file a.csv \(it is a folder\)"):
        rows(tmp_path, "a.csv")


def test_an_ending_in_capitals_is_the_same_ending(tmp_path: Path) -> None:
    (tmp_path / "A.JSON.GZ").write_bytes(gzip.compress(b'[{"id": 1}]'))
    (tmp_path / "B.CSV.GZ").write_bytes(gzip.compress(b"id\n1\n"))
    assert (rows(tmp_path, "A.JSON.GZ"), rows(tmp_path, "B.CSV.GZ")) == ([(1,)], [("1",)])
