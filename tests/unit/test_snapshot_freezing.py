"""A new extract takes the old one's place in one step; the engine asks for no more memory than there is."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest

from reportkit.errors import ExtractError, SourceError
from reportkit.snapshot import engine, freezing


def folder(path: Path, text: str) -> Path:
    (path / "rejected").mkdir(parents=True)
    (path / "a").write_text(text)
    (path / "rejected" / "a").write_text(text)
    return path


@pytest.mark.parametrize("exchange", [True, False])
def test_the_new_one_is_in_place_and_the_old_one_out_of_the_way(
    tmp_path: Path, exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchange:
        monkeypatch.setattr(freezing, "_exchanged", lambda *_: False)
    scratch = tmp_path / ".scratch"
    scratch.mkdir()
    target = tmp_path / "2026-Q1"
    for text in ("one", "two"):
        freezing.replace(folder(scratch / "new", text), target, scratch)
        assert (target / "a").read_text() == (target / "rejected" / "a").read_text() == text
        assert not (scratch / "new").exists() or text == "two"


def test_where_the_second_rename_fails_the_old_one_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "_exchanged", lambda *_: False)
    target, scratch = folder(tmp_path / "2026-Q1", "old"), tmp_path / ".scratch"
    new = folder(scratch / "new", "new")
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if self == new:
            raise OSError("no")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no"):
        freezing.replace(new, target, scratch)
    assert (target / "a").read_text() == "old"


def test_a_reader_never_finds_the_place_empty(tmp_path: Path) -> None:
    target = folder(tmp_path / "2026-Q1", "0")
    stop, missed = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            if not (target / "a").exists():
                missed.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    for i in range(30):
        scratch = tmp_path / f".scratch{i}"
        freezing.replace(folder(scratch / "new", str(i)), target, scratch)
    stop.set()
    reader.join()
    assert not missed


def test_what_was_left_between_two_renames_is_put_back_only_where_nothing_is(tmp_path: Path) -> None:
    scratch = tmp_path / ".scratch"
    folder(scratch / "old", "old")
    freezing.restore(scratch, tmp_path / "2026-Q1")
    assert (tmp_path / "2026-Q1" / "a").read_text() == "old"
    folder(scratch / "old", "older")
    freezing.restore(scratch, tmp_path / "2026-Q1")
    assert (tmp_path / "2026-Q1" / "a").read_text() == "old"


FILES = {
    "/proc/meminfo": ["MemTotal: 9000000 kB", "MemAvailable:    8388608 kB"],
    "/proc/self/cgroup": ["4:memory:/user/job", "3:cpu,cpuacct:/user", "0::/slice/job"],
}


@pytest.mark.parametrize(
    ("more", "mib"),
    [
        ({}, 4096),
        ({"/sys/fs/cgroup/memory/user/job/memory.limit_in_bytes": [str(1 << 30)]}, 512),
        ({"/sys/fs/cgroup/memory/user/memory.limit_in_bytes": [str(1 << 30)]}, 512),
        ({"/sys/fs/cgroup/slice/memory.max": [str(2 << 30)], "/sys/fs/cgroup/memory.max": ["max"]}, 1024),
        ({"/sys/fs/cgroup/slice/job/memory.max": [str(64 << 20)]}, 128),
        ({"/proc/meminfo": [], "/proc/self/cgroup": []}, 1024),
    ],
)
def test_the_engine_takes_half_of_what_is_free(
    more: dict[str, list[str]], mib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(engine.MEMORY, raising=False)
    monkeypatch.setattr(engine, "_lines", lambda path: {**FILES, **more}.get(path, []))
    assert engine.memory() >> 20 == mib


def test_a_limit_of_the_processs_own_counts_what_it_has_used_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(engine.MEMORY, raising=False)
    monkeypatch.setattr(engine.resource, "getrlimit", lambda _: (3 << 30, 3 << 30))
    pages = (1 << 30) // engine.resource.getpagesize()
    monkeypatch.setattr(engine, "_lines", lambda path: [f"{pages} 1 1"] if path == "/proc/self/statm" else [])
    assert engine.memory() >> 20 == 1024
    monkeypatch.setenv(engine.MEMORY, "300")
    assert engine.memory() >> 20 == 300


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (duckdb.OutOfMemoryException("x"), ExtractError, "here: there is too little memory for this extract"),
        (duckdb.IOException("IO Error: No space left on device"), ExtractError, "here: the disk is full"),
        (
            duckdb.IOException("IO Error: Cannot do it\nmore"),
            SourceError,
            "here: the facts cannot be read: Cannot do it$",
        ),
    ],
)
def test_the_engines_complaints_in_plain_words(error: Exception, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence), engine.plain_words("here"):
        raise error
