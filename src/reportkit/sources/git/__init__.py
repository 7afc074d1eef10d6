"""Local git clones: what merged when, and which tag first released it. Commits and refs only; no network, no hooks.

A repository is a service named by its folder. A source called `git` yields four tables:

- `git_changes`: one row for each commit on the first-parent line of the branch;
- `git_features`: those of them that are conventional commits of type feat;
- `git_releases`: one row a tag;
- `git_contributors`: one row a person and repository.

What git cannot tell, and what is made of it:

- A merge commit is one change: it began with the earliest author date among the commits that it brought in.
- A commit of its own (rebased, committed directly) began at its author date. A squash made by a forge has only the
  moment of the squash; its first commit is lost, so `first_commit_at` is empty, never the squash itself.
- `merged_at` is the committer date on the branch, as written by whoever merged. A later rebase of the branch moves it,
  and wrong clocks are not mended: a span below zero is left for the entity's contract to reject.
- A release is a tag; of a tag without a date of its own (lightweight), the commit's date is taken.
- `deployed_at` is the date of the earliest tag whose history holds the change, `deployed_final_at` that of the earliest
  tag that is no pre-release. A change that was cherry-picked onto a release branch is another commit there: the one on
  the main line counts as released when a tag's history holds it.
- A branch that takes whole release branches by merge has long spans by nature: name the branch that people merge to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from reportkit.errors import SourceError
from reportkit.fetch.people import BOTS, People, workspace_salt
from reportkit.sources import Origin, Place, SourceSpec
from reportkit.sources.git.clone import Clone
from reportkit.sources.git.story import PRERELEASE, Story, find_branch, tell

__all__ = ["Clone", "People", "Spec", "Story", "look", "mappings", "read", "stories"]


class Spec(SourceSpec):
    """Settings of a git source."""

    knows_span: ClassVar[bool] = True

    type: Literal["git"] = "git"
    paths: tuple[str, ...] = Field(min_length=1, description="Local clones, relative to the workspace: [../service-a]")
    branch: str | None = Field(
        None,
        description="Where changes are merged to; what origin/HEAD names, else main, master or HEAD, where not given.",
    )
    tags: tuple[str, ...] = Field(("*",), description="Which tags are releases: ['v*']; * stands for anything.")
    prerelease: str = Field(PRERELEASE, description="Regular expression found in the tags of pre-releases.")
    bots: tuple[str, ...] = Field(
        BOTS, description="Names or e-mails of authors that are no people; * stands for anything."
    )
    salt: str | None = Field(
        None, min_length=8, description="Mixed into the hashes of people; kept in extracts/.salt where not given."
    )

    @field_validator("prerelease")
    @classmethod
    def _expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        return value

    @field_validator("branch")
    @classmethod
    def _branch(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(?!-)[^\s~^:?*\[\\\x00-\x1f]+", value):
            raise ValueError("this is no branch name; write one such as main or release/2.x")
        return value


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Make the clones queryable as `name`_changes, _features, _releases and _contributors.

    Raises SourceError: no repository, no commits, shallow, unknown branch, git not installed.
    """
    where = f"source {name}"
    people = People(spec.salt or workspace_salt(place.root), spec.bots)
    found = stories([_path(path, place.root, where) for path in spec.paths], spec, people, where=where)
    from reportkit.sources.git import tables  # and pyarrow, which whoever asks git for less can do without

    tables.write(found, name, place)
    return tuple(Origin(name, s.what, s.sha256, s.bytes, _covers(s, place.time_zone)) for s in found)


def look(spec: Spec, name: str, root: Path) -> None:
    """Open each clone and find its branch. Raises SourceError as `read` would, without reading the history."""
    where = f"source {name}"
    clones = [Clone.open(_path(path, root, where), where=where) for path in spec.paths]
    _services(clones, where)
    for clone in clones:
        find_branch(clone, spec.branch)


def mappings(_: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the tables where sources.yaml maps no columns itself; a repository without final releases has all count."""
    final = f"service IN (SELECT service FROM {name}_releases WHERE NOT is_prerelease)"
    bots = {"set_aside": {"bots": "is_bot"}}
    return {
        "changes": bots | {
            "query": f"SELECT *, CASE WHEN {final} THEN deployed_final_at ELSE deployed_at END AS live_at FROM {name}_changes",
            "columns": {
                "change_id": "service || '@' || change_id", "service": "service", "team": "coalesce(team, service)",
                "author": "author", "title": "title", "kind": "kind", "first_commit_at": "first_commit_at",
                "merged_at": "merged_at", "deployed_at": "live_at",
            },
        },
        "deployments": {
            "query": f"SELECT * FROM {name}_releases WHERE NOT ({final}) OR NOT is_prerelease",
            "columns": {
                "deployment_id": "service || '@' || tag", "service": "service", "team": "service", "deployed_at": "tagged_at",
                "version": "tag",
            },
        },
        "features": bots | {
            "query": f"SELECT *, CASE WHEN {final} THEN released_final_at ELSE released_at END AS live_at FROM {name}_features",
            "columns": {
                "feature_id": "service || '@' || feature_id", "service": "service", "team": "coalesce(team, service)",
                "title": "title", "started_at": "started_at", "released_at": "live_at",
            },
        },
        "onboardings": bots | {
            "query": f"""
                SELECT person, bool_or(is_bot) AS is_bot, arg_min(service, first_commit_at) AS service,
                    min(first_commit_at) AS joined_at,
                    min(CASE WHEN {final} THEN first_released_final_at ELSE first_released_at END) AS arrived_at
                FROM {name}_contributors GROUP BY person""",
            "columns": {
                "onboarding_id": "person", "subject": "person", "kind": "'engineer'", "service": "service", "team": "service",
                "started_at": "joined_at", "finished_at": "arrived_at",
            },
        },
    }  # fmt: skip


def stories(paths: Sequence[Path], spec: Spec, people: People, *, where: str | None = None) -> tuple[Story, ...]:
    """What each clone tells, in the order given. Raises SourceError."""
    clones = [Clone.open(path, where=where) for path in paths]
    names = _services(clones, where)
    return tuple(
        tell(clone, name, people, branch=spec.branch, tags=spec.tags, prerelease=spec.prerelease)
        for clone, name in zip(clones, names, strict=True)
    )


def _covers(story: Story, time_zone: str) -> tuple[str, str] | None:
    """Day of the first commit, day after the last commit or tag: what came later, the clone cannot know."""
    if story.known is None:
        return None
    first, last = (datetime.fromtimestamp(t, ZoneInfo(time_zone)).date() for t in story.known)
    return str(first), str(last + timedelta(days=1))


def _path(text: str, root: Path, where: str) -> Path:
    if text.startswith("-") or "\0" in text:
        raise SourceError(
            f"{text!r} is no path of a clone; write it as ./{text.lstrip('-')} if it is one.", where=where
        )
    return root / text


def _services(clones: Sequence[Clone], where: str | None) -> list[str]:
    """The folder's name for each clone, with its parent's where two folders have one name."""
    names = [clone.name for clone in clones]
    full = [
        clone.name if names.count(clone.name) == 1 else f"{clone.root.parent.name}/{clone.name}" for clone in clones
    ]
    for i, (name, clone) in enumerate(zip(full, clones, strict=True)):
        if name in full[:i]:
            raise SourceError(
                f"the repository {clone.shown} is listed twice, or two have this name; list each once.", where=where
            )
    return full
