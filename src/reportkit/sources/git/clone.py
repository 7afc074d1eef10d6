"""A local clone, read through the git command without its configuration, hooks or network."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reportkit.errors import SourceError

CHUNK = 1 << 20
#: No prompt, pager, replaced object, lock or lazy download; nobody's configuration but the repository's own.
CALM = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
#: Commands that only read commits and refs run nothing that a repository's configuration names, so that clones that
#: belong to another user (a mounted volume, CI) may be read: whoever lists a path in sources.yaml has chosen it.
OPTIONS = (
    "--no-pager", "--no-optional-locks", "--no-replace-objects",
    "-c", "safe.directory=*", "-c", "core.quotepath=false", "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8",
)  # fmt: skip


@dataclass(frozen=True)
class Clone:
    """A repository on this machine. `shown` is how messages name it: as it was given, never a resolved path."""

    root: Path
    shown: str
    where: str | None = None

    @classmethod
    def open(cls, path: Path, *, where: str | None = None) -> Clone:
        """The clone in `path`. Raises SourceError where there is none, it is shallow, or git is missing."""
        clone = cls(path.resolve(), path.name or str(path), where)
        if not clone.root.is_dir():
            raise SourceError(
                f"there is no folder {path.as_posix()}; clone the repository there or mend its path.", where=where
            )
        answer = clone._try("rev-parse", "--is-shallow-repository", "--is-inside-git-dir", "--is-bare-repository")
        if answer is None:
            raise SourceError(
                f"{clone.name} is no git repository; name the folder that `git clone` made (the one that holds .git).",
                where=where,
            )
        shallow, inside, bare = answer.decode().split()
        if inside == "true" and bare == "false":
            return cls.open(path.resolve().parent, where=where)
        if shallow == "true":
            raise SourceError(
                f"{clone.name} is a shallow clone: its history is cut off, and the numbers would be wrong; "
                "run `git fetch --unshallow --tags` in it.",
                where=where,
            )
        return clone

    @property
    def name(self) -> str:
        """The folder's name, without the .git of a bare clone."""
        return self.root.name.removesuffix(".git") or self.root.name or "repository"

    def ask(self, *arguments: str, given: Iterable[str] = ()) -> str:
        """What a git command prints, as text. Raises SourceError where it fails."""
        return b"".join(self._run(arguments, given)).decode("utf-8", "replace")

    def maybe(self, *arguments: str) -> str | None:
        """What a git command prints, trimmed; None where it fails or prints nothing."""
        answer = self._try(*arguments)
        return (answer.decode("utf-8", "replace").strip() or None) if answer is not None else None

    def fields(self, *arguments: str, given: Iterable[str] = ()) -> Iterator[bytes]:
        """The NUL-separated fields that a git command prints, one at a time."""
        rest = b""
        for chunk in self._run(arguments, given):
            *whole, rest = (rest + chunk).split(b"\0")
            yield from whole
        if rest:
            yield rest

    def _try(self, *arguments: str) -> bytes | None:
        try:
            return b"".join(self._run(arguments, ()))
        except SourceError as error:
            if isinstance(error, NoGitError):
                raise
            return None

    def _run(self, arguments: tuple[str, ...], given: Iterable[str]) -> Iterator[bytes]:
        """Chunks of a git command's output. `given` are lines of input, all read before it answers."""
        with tempfile.TemporaryFile() as errors:
            process = self._start(arguments, errors.fileno())
            with process:
                assert process.stdout is not None
                _tell(process, given)
                while chunk := process.stdout.read(CHUNK):
                    yield chunk
            if process.returncode:
                errors.seek(0)
                lines = errors.read().decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
                reason = lines[0].removeprefix("fatal: ").replace(str(self.root), self.name)
                raise SourceError(f"git cannot read {self.name}: {reason}", where=self.where)

    def _start(self, arguments: tuple[str, ...], errors: int) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        # Without a ceiling, a folder that is no repository would silently yield the one that surrounds it.
        environment |= CALM | {"GIT_CEILING_DIRECTORIES": str(self.root.parent)}
        command = ["git", *OPTIONS, "-C", str(self.root), *arguments]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, env=environment)  # noqa: S603
        except FileNotFoundError:
            raise NoGitError(
                "the git source needs the command git, which is missing; install it (Debian: apt-get install git).",
                where=self.where,
            ) from None


def _tell(process: subprocess.Popen[bytes], lines: Iterable[str]) -> None:
    """Write the lines to a process. Where it gave up before it had read them, its exit code and message say why."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.writelines(f"{line}\n".encode() for line in lines)
    with suppress(BrokenPipeError):
        process.stdin.close()


class NoGitError(SourceError):
    """The git command is missing."""
