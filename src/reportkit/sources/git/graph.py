"""The commits of a clone as a graph: read once, walked in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from reportkit.sources.git.clone import Clone

#: Hash, parents, author and committer time (seconds since 1970, so that offsets do not matter), author after the
#: repository's .mailmap, committer's e-mail, message. No field can hold a NUL: git ends a message there.
FORMAT = "%H%x00%P%x00%at%x00%ct%x00%aN%x00%aE%x00%cE%x00%B"
WIDTH = 8
FORGES = ("noreply@github.com",)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. Times are seconds since 1970, None where git cannot say."""

    sha: str
    parents: tuple[str, ...]
    authored: int | None
    committed: int | None
    name: str
    email: str
    by_forge: bool  # a forge made it: merged or squashed there
    subject: str
    body: str  # of merges only, where a forge puts the title

    @property
    def is_merge(self) -> bool:
        """Whether it has more than one parent."""
        return len(self.parents) > 1


@dataclass(frozen=True)
class Tag:
    """A release: its name, when it was made, and the commit that it names."""

    name: str
    at: int
    sha: str


Graph = Mapping[str, Commit]


def commits(clone: Clone, tips: Iterable[str]) -> tuple[dict[str, Commit], int]:
    """Every commit that the tips can reach, by hash, and how many bytes git printed."""
    found: dict[str, Commit] = {}
    size = 0
    fields = clone.fields("log", "-z", "--no-color", "--no-decorate", "--no-notes", "--no-patch",
                          f"--format=tformat:{FORMAT}", "--stdin", given=tips)  # fmt: skip
    while record := list(islice(fields, WIDTH)):
        size += sum(len(part) + 1 for part in record)
        commit = _commit(record)
        found[commit.sha] = commit
    return found, size


def tags(clone: Clone) -> list[tuple[str, int | None, str]]:
    """Name, date and commit of every tag that names a commit; without a date where the tag has none."""
    listed = clone.ask("for-each-ref", "--format=%(refname)%00%(creatordate:unix)", "refs/tags").splitlines()
    dates = dict(line.split("\0", 1) for line in listed)
    if not dates:
        return []
    # Peeled by cat-file, for a tag may name a tag, and a tag of a file or folder is no release.
    commits_of = [f"{ref}^{{commit}}" for ref in dates]
    peeled = clone.ask("cat-file", "--batch-check=%(objectname) %(objecttype)", given=commits_of)
    found = []
    for (ref, date), line in zip(dates.items(), peeled.splitlines(), strict=True):
        sha, _, kind = line.rpartition(" ")
        if kind == "commit":
            found.append((ref.removeprefix("refs/tags/"), _time(date), sha))
    return found


def releases(found: Iterable[tuple[str, int | None, str]], graph: Graph) -> list[Tag]:
    """The tags oldest first; one without a date of its own has its commit's."""
    whole = [Tag(name, at if at is not None else graph[sha].committed or 0, sha) for name, at, sha in found]
    return sorted(whole, key=lambda tag: (tag.at, tag.name))


def mainline(graph: Graph, head: str) -> list[Commit]:
    """The first-parent line that ends in `head`, oldest first."""
    line = []
    sha: str | None = head
    while sha is not None:
        commit = graph[sha]
        line.append(commit)
        sha = commit.parents[0] if commit.parents else None
    return line[::-1]


def brought_in(graph: Graph, line: Iterable[Commit]) -> Iterator[tuple[Commit, list[Commit]]]:
    """Each commit of the main line with those that it brought in: none where it is no merge."""
    seen: set[str] = set()
    for commit in line:
        yield commit, [graph[sha] for sha in walk(graph, commit.parents[1:], seen)]
        seen.add(commit.sha)


def first_releases(graph: Graph, ordered: Iterable[Tag]) -> dict[str, Tag]:
    """For each released commit the earliest release whose history holds it; `ordered` are oldest first."""
    seen: set[str] = set()
    return {sha: tag for tag in ordered for sha in walk(graph, (tag.sha,), seen)}


def walk(graph: Graph, starts: Iterable[str], seen: set[str]) -> list[str]:
    """The starts and their ancestors that were not seen yet; they are seen afterwards."""
    new = []
    stack = list(starts)
    while stack:
        sha = stack.pop()
        if sha not in seen:
            seen.add(sha)
            new.append(sha)
            stack.extend(graph[sha].parents)
    return new


def _commit(record: list[bytes]) -> Commit:
    sha, parents, authored, committed, name, email, committer, message = (
        part.decode("utf-8", "replace") for part in record
    )
    above = tuple(parents.split())
    subject, _, body = message.strip().partition("\n")
    return Commit(
        sha=sha.lstrip("\n"),
        parents=above,
        authored=_time(authored),
        committed=_time(committed),
        name=name,
        email=email,
        by_forge=committer.lower() in FORGES,
        subject=subject.strip(),
        body=body if len(above) > 1 else "",
    )


def _time(text: str) -> int | None:
    """Seconds since 1970; None for what no calendar holds (git keeps whatever a broken tool wrote)."""
    try:
        seconds = int(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < 253_402_300_800 else None  # up to the year 9999
