"""What the clones can tell: which quarter has facts, which needles have numbers, what to say where some have none."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from reportkit.errors import ReportkitError
from reportkit.model.period import Quarter
from reportkit.sources.git import Clone, People, Spec, Story, stories
from reportkit.sources.git.story import FEATURES

OWNER = re.compile(r"(?:[a-z+]+://(?:[^/@]*@)?[^/]+/|[^/@:]+@[^/:]+:)(?P<owner>[^/]+)/.+")
ONLY_EARLY = "Every tag counts as a release, pre-releases too, because this history has no other releases."
NO_EARLY = "Tags that look like pre-releases (alpha, beta, rc) do not count as releases: customers do not get them."
BY_TAG = "A change counts as released with the first tag whose history holds it."
BY_MERGE = (
    "The repositories have no tags, so a change counts as released when it reaches the main branch; "
    "how long changes wait for a release cannot be seen."
)


@dataclass(frozen=True)
class Survey:
    """What was found in the clones. Empty where none were given."""

    paths: tuple[Path, ...] = ()
    stories: tuple[Story, ...] = ()
    owner: str | None = None  # as the clones' remotes name it, where they agree
    time_zone: str = "UTC"

    @property
    def services(self) -> tuple[str, ...]:
        """The services' names."""
        return tuple(story.service for story in self.stories)

    @property
    def quarter(self) -> Quarter | None:
        """The last complete quarter in which something was merged or released; the current one where no other is."""
        zone, today = ZoneInfo(self.time_zone), self._today
        moments = [c.merged for s in self.stories for c in s.changes if c.merged is not None]
        moments += [tag.at for s in self.stories for tag in s.releases]
        found = {Quarter.of(datetime.fromtimestamp(t, zone).date()) for t in moments}
        begun = [q for q in found if q.window.start <= today]
        return max((q for q in begun if q.window.end <= today), default=max(begun, default=None))

    def words(self, target: Path) -> dict[str, str]:
        """What the placeholders about the clones stand for."""
        lead, wait = "lead_time_for_changes", "release_wait"
        known = [
            *([lead] if self._starts else []), *([] if self._merges else [wait]), "deployment_frequency",
            *(["features_released"] if self.has_features else []), "engineer_onboarding",
        ]  # fmt: skip
        primary = known[0]
        engineering = wait if wait in known else primary
        late = "Work that is finished waits for its release, and new colleagues take long to get theirs out."
        slow = "Changes take long to get through, and so do the first changes of new colleagues."
        only_early = bool(self._tags) and not self._final
        return {
            "primary": primary,
            "supporting": ", ".join(n for n in known if n not in {primary, "engineer_onboarding"}),
            "engineering_problem": late if engineering == wait else slow,
            "engineering_primary": engineering,
            "engineering_supporting": ", ".join(n for n in known if n not in (engineering, "features_released")),
            "prereleases": str(only_early).lower(),
            "prereleases_because": _quoted(ONLY_EARLY if only_early else NO_EARLY),
            "merges": str(self._merges).lower(),
            "merges_because": _quoted(BY_MERGE if self._merges else BY_TAG),
            "paths": "\n".join(f"      - {_quoted(_relative(path, target))}" for path in self.paths),
            "treated": _quoted(self.services[0]) if self.services else "checkout, search",
        }

    def notes(self, quarter: Quarter) -> tuple[str, ...]:
        """Sentences about what the numbers will lack, and what to do about it."""
        found = []
        if not self.stories:
            found.append(
                "params/sources.yaml names no source yet: put exports into extracts/raw/ and describe them there."
            )
        if self._merges:
            found.append("No clone has a tag: every merge counts as a release (see choices in params/sources.yaml).")
        elif self.stories:
            found += [
                f"{s.service} has no tags, so none of its changes count as released; `git fetch --tags` may bring them."
                for s in self.stories
                if not s.releases
            ]
        if self.stories and not self.has_features:
            found.append("No commit is titled `feat: …`, so features released are left out.")
        if self.stories and not self._starts:
            found.append("Most changes were squashed, which loses their first commits: lead time is left out.")
        if quarter.window.end > self._today:
            found.append(f"{quarter} is not over yet; its report tells of the quarter so far.")
        return tuple(found)

    @property
    def _today(self) -> date:
        return datetime.now(ZoneInfo(self.time_zone)).date()

    @property
    def _tags(self) -> int:
        return sum(len(s.releases) for s in self.stories)

    @property
    def _final(self) -> int:
        return self._tags - sum(len(s.prereleases) for s in self.stories)

    @property
    def _merges(self) -> bool:
        """Whether a merge has to count as a release, for there is no tag anywhere."""
        return bool(self.stories) and not self._tags

    @property
    def has_features(self) -> bool:
        """Whether any change says that it is a feature (or there is no clone to ask)."""
        return not self.stories or any(c.kind in FEATURES and not c.is_bot for s in self.stories for c in s.changes)

    @property
    def _starts(self) -> bool:
        """Whether the first commit of most changes is known."""
        changes = [c for s in self.stories for c in s.changes if not c.is_bot]
        return not self.stories or 2 * sum(c.first_commit is not None for c in changes) >= len(changes)


def look(paths: Sequence[Path], time_zone: str) -> Survey:
    """What the clones tell. Raises SourceError where one cannot be read."""
    if not paths:
        return Survey(time_zone=time_zone)
    for path in paths:
        if "${" in str(path.resolve()):
            raise ReportkitError(f"{path} holds ${{, which params read as a variable; rename the folder.")
    spec = Spec(type="git", paths=tuple(map(str, paths)))
    found = stories(paths, spec, People("only to count", spec.bots))
    clones = [Clone.open(path) for path in paths]
    return Survey(tuple(c.root for c in clones), found, _owner(clones), time_zone)


def system_zone() -> str:
    """The machine's IANA time zone; UTC where it does not say."""
    link = Path("/etc/localtime")
    named = link.resolve().as_posix().partition("/zoneinfo/")[2] if link.is_symlink() else ""
    written = Path("/etc/timezone")
    listed = written.read_text(encoding="utf-8", errors="replace").strip() if written.is_file() else ""
    for zone in (os.environ.get("TZ", "").lstrip(":"), named.removeprefix("posix/"), listed):
        if zone.removeprefix("Etc/") in ("UTC", "UCT", "Universal", "Zulu"):
            return "UTC"
        if zone in available_timezones():
            return zone
    return "UTC"


def _owner(clones: Sequence[Clone]) -> str | None:
    """The organisation in the remotes' addresses, where all clones have the same: 'Acme corp' for acme-corp."""
    remotes = [clone.maybe("config", "--local", "--get", "remote.origin.url") for clone in clones]
    owners = {match["owner"] if remote and (match := OWNER.fullmatch(remote)) else None for remote in remotes}
    owner = owners.pop() if len(owners) == 1 else None
    plain = re.sub(r"[-_.~\s]+", " ", owner or "").strip()
    return plain[:1].upper() + plain[1:] or None


def _relative(path: Path, target: Path) -> str:
    """The clone's path as seen from the workspace."""
    base = (target.parent.resolve() / target.name).resolve()
    return Path(os.path.relpath(path, base)).as_posix()


def _quoted(text: str) -> str:
    """The text as a YAML scalar: JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)
