"""What a clone tells: changes, releases, features and people, as plain values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate

from reportkit.errors import SourceError
from reportkit.fetch.people import People, without_emails
from reportkit.model.unit import plural
from reportkit.sources.git import graph
from reportkit.sources.git.clone import Clone
from reportkit.sources.git.graph import Commit, Tag

#: alpha, beta, rc … as a word of the tag, or the short forms after a number: 1.0a1, 2.0-rc.3, v3.1.0-beta2.
PRERELEASE = (
    r"(?i)(?<![a-z])(?:alpha|beta|rc|test|pre|preview|prerelease|dev|snapshot|nightly|canary|milestone|ea)(?![a-z])"
    r"|\d[-_.]?(?:a|b|m|cr)\d"
)
CONVENTIONAL = re.compile(
    r"(?P<kind>[A-Za-z][A-Za-z_-]{0,30})\s*(?:\((?P<scope>[^()]*)\))?!?\s*:(?!/)\s*(?P<title>\S.*)"
)
SQUASHED = re.compile(r"\([#!]\d+\)$")
FEATURES = ("feat", "feature")


@dataclass(frozen=True, slots=True)
class Change:
    """A commit on the main line. Times are seconds since 1970; None is not known or not yet."""

    sha: str
    title: str
    kind: str | None
    team: str | None  # the scope of its conventional commit
    what: str  # the title without kind and scope
    author: str  # hashed
    is_bot: bool
    is_merge: bool
    first_commit: int | None
    merged: int | None
    release: Tag | None
    final: Tag | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wrote commits in this repository."""

    person: str  # hashed
    is_bot: bool
    first_commit: int
    first_merged: int | None
    first_released: int | None
    first_final: int | None  # first released with a release that is no pre-release
    commits: int


@dataclass(frozen=True)
class Story:
    """What one repository tells. `sha256` identifies the refs that were read."""

    service: str
    what: str
    sha256: str
    bytes: int
    prereleases: frozenset[str]
    changes: tuple[Change, ...]
    releases: tuple[Tag, ...]
    people: tuple[Person, ...]

    @property
    def known(self) -> tuple[int, int] | None:
        """The first and last moment that the clone tells of, in seconds since 1970; None where it has no dates."""
        times = [t for c in self.changes if (t := c.merged) is not None] + [tag.at for tag in self.releases]
        return (min(times), max(times)) if times else None


def tell(
    clone: Clone, service: str, people: People, *, branch: str | None, tags: Sequence[str], prerelease: str
) -> Story:
    """Read a clone. Raises SourceError where it has no commits or not the branch."""
    ref, head = find_branch(clone, branch)
    chosen = _chosen(clone, tags)
    commits, size = graph.commits(clone, [head, *dict.fromkeys(sha for _, _, sha in chosen)])
    releases = graph.releases(chosen, commits)
    early = frozenset(tag.name for tag in releases if re.search(prerelease, tag.name))
    first = graph.first_releases(commits, releases)
    final = graph.first_releases(commits, (tag for tag in releases if tag.name not in early))
    merged = list(graph.brought_in(commits, graph.mainline(commits, head)))
    changes = tuple(_change(commit, own, people, first, final) for commit, own in merged)
    return Story(
        service=service,
        what=f"{ref} of {service} at {head[:9]} with {plural(len(releases), 'tag')}",
        sha256=_identity(head, releases),
        bytes=size,
        prereleases=early,
        changes=changes,
        releases=tuple(releases),
        people=_persons(merged, people, first, final),
    )


def conventional(text: str) -> re.Match[str] | None:
    """The parts of a conventional commit's first line: kind, scope, title."""
    return CONVENTIONAL.fullmatch(text.strip())


def find_branch(clone: Clone, branch: str | None) -> tuple[str, str]:
    """The branch's short name and the hash of its head. Raises SourceError where the clone has none."""
    for ref in _candidates(clone, branch):
        if sha := clone.maybe("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"):
            return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/"), sha
    names = clone.ask("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes").split()
    if not names and branch is None:
        raise SourceError(f"{clone.name} has no commits yet; commit something or leave it out.", where=clone.where)
    listed = (
        f" It has: {', '.join(names[:10])}{' …' if len(names) > 10 else ''}." if names else " It has no commits yet."
    )
    raise SourceError(
        f"{clone.name} has no branch {branch or 'main'!r}; name one under `branch:`.{listed}", where=clone.where
    )


def _candidates(clone: Clone, branch: str | None) -> tuple[str, ...]:
    """Where to look for the branch, best first: what the server has before what was made here."""
    if branch is not None:
        return f"refs/remotes/origin/{branch.removeprefix('origin/')}", f"refs/heads/{branch}"
    if clone.maybe("rev-parse", "--is-bare-repository") == "true":
        return "HEAD", "refs/heads/main", "refs/heads/master"
    named = clone.maybe("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    usual = ("refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master", "HEAD")
    return (named, *usual) if named else usual


def _chosen(clone: Clone, patterns: Sequence[str]) -> list[tuple[str, int | None, str]]:
    fits = re.compile("|".join(translate(pattern.replace("[", "[[]")) for pattern in patterns) or r"(?!)")
    return [tag for tag in graph.tags(clone) if fits.match(tag[0])]


def _change(
    commit: Commit, own: Sequence[Commit], people: People, first: Mapping[str, Tag], final: Mapping[str, Tag]
) -> Change:
    written = [c for c in own if not c.is_merge] or list(own)
    origin = min(written, key=_begun, default=commit)
    title = _title(commit, sorted(written, key=_begun))
    parts = conventional(title)
    return Change(
        sha=commit.sha,
        title=without_emails(title),
        kind=parts["kind"].lower() if parts else None,
        team=_team(parts["scope"]) if parts else None,
        what=without_emails(parts["title"] if parts else title),
        author=people.hash(origin.email),
        is_bot=people.is_bot(origin.name, origin.email),
        is_merge=commit.is_merge,
        first_commit=_first_commit(commit, own),
        merged=commit.committed,
        release=first.get(commit.sha),
        final=final.get(commit.sha),
    )


def _begun(commit: Commit) -> tuple[int, str]:
    return (commit.authored if commit.authored is not None else 1 << 62, commit.sha)


def _first_commit(commit: Commit, own: Sequence[Commit]) -> int | None:
    """When work on a change began; None where its history does not say."""
    if commit.is_merge and own:
        imported = any(
            not c.parents for c in own
        )  # an unrelated history was merged: its beginning is not this change's
        return None if imported else min((c.authored for c in own if c.authored is not None), default=None)
    squashed = commit.authored == commit.committed and (commit.by_forge or bool(SQUASHED.search(commit.subject)))
    return None if squashed else commit.authored


def _title(commit: Commit, written: Sequence[Commit]) -> str:
    """The first line that says what a change is: a merge's own, the pull request's title, or that of its commits."""
    if not commit.is_merge or conventional(commit.subject):
        return commit.subject
    lines = [line.strip() for line in commit.body.splitlines() if line.strip()]
    title = lines[0] if lines and not lines[0].startswith(("*", "See merge request", "#", "Signed-off-by")) else None
    if title and conventional(title):
        return title
    spoken = [c.subject for c in written if conventional(c.subject)]
    features = [s for s in spoken if (parts := conventional(s)) and parts["kind"].lower() in FEATURES]
    return next(iter([*features, *spoken]), title or (written[0].subject if written else commit.subject))


def _team(scope: str | None) -> str | None:
    """The first scope, in lower case: 'Jira, GitHub' is jira."""
    return re.split(r"[,/|&]", scope or "")[0].strip().lower() or None


def _persons(
    merged: Iterable[tuple[Commit, list[Commit]]], people: People, first: Mapping[str, Tag], final: Mapping[str, Tag]
) -> tuple[Person, ...]:
    """Everybody who wrote a commit that reached the main line, those who came first before the others."""
    found: dict[str, list[tuple[Commit, Commit]]] = {}
    hashes: dict[str, str] = {}
    for commit, own in merged:
        for written in (c for c in (*own, commit) if not c.is_merge and c.authored is not None):
            who = hashes.get(written.email) or hashes.setdefault(written.email, people.hash(written.email))
            found.setdefault(who, []).append((written, commit))
    persons = [_person(who, theirs, people, first, final) for who, theirs in found.items()]
    return tuple(sorted(persons, key=lambda p: (p.first_commit, p.person)))


def _person(
    who: str,
    theirs: Sequence[tuple[Commit, Commit]],
    people: People,
    first: Mapping[str, Tag],
    final: Mapping[str, Tag],
) -> Person:
    written = [commit for commit, _ in theirs]
    return Person(
        person=who,
        is_bot=people.is_bot(written[0].name, written[0].email),
        first_commit=min(c.authored for c in written if c.authored is not None),
        first_merged=min((by.committed for _, by in theirs if by.committed is not None), default=None),
        first_released=_earliest(written, first),
        first_final=_earliest(written, final),
        commits=len(written),
    )


def _earliest(written: Iterable[Commit], released: Mapping[str, Tag]) -> int | None:
    return min((released[c.sha].at for c in written if c.sha in released), default=None)


def _identity(head: str, releases: Iterable[Tag]) -> str:
    lines = [head, *(f"{tag.name}\0{tag.sha}\0{tag.at}" for tag in releases)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
