"""Repositories that tests make with git itself, every date fixed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

EARLY = "2026-01-01T00:00:00+00:00"
ANN, BEN = ("Ann", "ann@example.org"), ("Ben", "ben@example.org")


@dataclass(frozen=True)
class Repository:
    """A repository under construction. Dates are ISO 8601 with an offset; the committer date is the author's unless given."""

    path: Path

    @classmethod
    def make(cls, path: Path, *options: str) -> Repository:
        path.parent.mkdir(parents=True, exist_ok=True)
        repository = cls(path)
        git(path.parent, "init", "--quiet", "--initial-branch=main", *options, str(path))
        return repository

    def git(self, *arguments: str, **extra: str) -> str:
        return git(self.path, *arguments, **extra)

    def commit(
        self,
        message: str,
        written: str,
        merged: str | None = None,
        by: tuple[str, str] = ANN,
        committer: tuple[str, str] | None = None,
    ) -> str:
        dates = _dates(written, merged or written, by, committer or by)
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", message, **dates)
        return self.head

    def merge(self, branch: str, at: str, message: str | None = None, by: tuple[str, str] = ANN) -> str:
        text = message or f"Merge branch '{branch}'"
        self.git(
            "merge", "--quiet", "--no-ff", "--allow-unrelated-histories", "-m", text, branch, **_dates(at, at, by, by)
        )
        return self.head

    def tag(self, name: str, at: str | None = None, of: str = "HEAD") -> None:
        """A tag with a date of its own (annotated) or, without a date, a lightweight one."""
        if at is None:
            self.git("tag", name, of)
        else:
            self.git("tag", "-a", "-m", name, name, of, **_dates(at, at, ANN, ANN))

    def raw_commit(self, rest: bytes, *, parent: str = "", written: int = 1767182400) -> None:
        """A commit on main that git itself would not write: the author's date and all that follows as given."""
        tree = self.git("hash-object", "-t", "tree", "-w", os.devnull)
        above = f"parent {parent}\n" if parent else ""
        whole = f"tree {tree}\n{above}author A <a@b.c> {written} +0000\n".encode() + rest
        command = ["git", "-C", str(self.path), "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
        done = subprocess.run(command, input=whole, capture_output=True, check=True)
        self.git("update-ref", "refs/heads/main", done.stdout.decode().strip())

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


Maker = Callable[..., Repository]


def git(folder: Path, *arguments: str, **extra: str) -> str:
    calm = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env={**inherited, **calm, **_dates(EARLY, EARLY, ANN, ANN), **extra},
        check=True, capture_output=True,
    )  # fmt: skip
    return done.stdout.decode("utf-8", "replace").strip()


def _dates(written: str, merged: str, by: tuple[str, str], committer: tuple[str, str]) -> dict[str, str]:
    return {
        "GIT_AUTHOR_DATE": written, "GIT_AUTHOR_NAME": by[0], "GIT_AUTHOR_EMAIL": by[1],
        "GIT_COMMITTER_DATE": merged, "GIT_COMMITTER_NAME": committer[0], "GIT_COMMITTER_EMAIL": committer[1],
    }  # fmt: skip
