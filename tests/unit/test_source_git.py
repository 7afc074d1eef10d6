"""The git source, on repositories that git itself makes here; expected facts are worked out by hand."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError
from repositories import ANN, BEN, Repository, git

from reportkit.errors import SourceError
from reportkit.fetch.people import People
from reportkit.sources import Origin, Place, find
from reportkit.sources.git import Spec, look, read
from reportkit.sources.git.story import PRERELEASE

GITHUB = ("GitHub", "noreply@github.com")
BOT = ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com")


class Reading:
    """What the source yields for some repositories."""

    def __init__(self, root: Path, *paths: Path | str, **settings: Any) -> None:
        self.scratch = root / "scratch"
        self.scratch.mkdir(exist_ok=True, parents=True)
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        spec = Spec(type="git", paths=tuple(map(str, paths)), salt=settings.pop("salt", "a salt for tests"), **settings)
        self.origins: tuple[Origin, ...] = read(spec, "git", Place(root, self.connection, self.scratch))

    def rows(self, part: str, columns: str = "*", order: str = "ALL") -> list[tuple[Any, ...]]:
        return self.connection.execute(f"SELECT {columns} FROM git_{part} ORDER BY {order}").fetchall()

    def changes(self, *columns: str) -> list[tuple[Any, ...]]:
        """Rows by merge; times as 'MM-DD HH:MM' in UTC."""
        shown = [f"strftime({c}, '%m-%d %H:%M')" if c.endswith("_at") else c for c in columns]
        shown = [
            f"strftime({c}, '%m-%d %H:%M')" if c.startswith("deployed_final") else s
            for c, s in zip(columns, shown, strict=True)
        ]
        return self.rows("changes", ", ".join(shown), "merged_at, change_id")


def jan(day: int, hour: int = 12, offset: str = "+00:00") -> str:
    return f"2026-01-{day:02}T{hour:02}:00:00{offset}"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path / "shop")


def merged_history(repo: Repository) -> Repository:
    """Start, then a branch of two commits merged by Ben on the 8th, a release on the 9th, and a change that waits."""
    repo.commit("chore: start", jan(1))
    repo.git("checkout", "--quiet", "-b", "search")
    repo.commit("feat(search): by colour", jan(3), by=BEN)
    repo.commit("fix typo", jan(5), by=BEN)
    repo.git("checkout", "--quiet", "main")
    repo.merge("search", jan(8), "Merge pull request #7 from ben/search\n\nfeat(search): find by colour")
    repo.tag("v1.0.0", jan(9))
    repo.commit("docs: how to search", jan(10))
    return repo


def test_is_found_by_its_name() -> None:
    assert find("git").Spec is Spec


def test_a_merge_is_one_change_that_began_with_its_branch(repo: Repository, tmp_path: Path) -> None:
    merged_history(repo)
    reading = Reading(tmp_path, "shop")
    assert reading.changes("title", "kind", "team", "is_merge", "first_commit_at", "merged_at", "deployed_at") == [
        ("chore: start", "chore", None, False, "01-01 12:00", "01-01 12:00", "01-09 12:00"),
        ("feat(search): find by colour", "feat", "search", True, "01-03 12:00", "01-08 12:00", "01-09 12:00"),
        ("docs: how to search", "docs", None, False, "01-10 12:00", "01-10 12:00", None),
    ]
    assert reading.changes("service", "first_release")[:2] == [("shop", "v1.0.0")] * 2


def test_a_merge_belongs_to_who_wrote_it_not_to_who_merged_it(repo: Repository, tmp_path: Path) -> None:
    merged_history(repo)
    people = People("a salt for tests")
    assert [row[0] for row in Reading(tmp_path, "shop").changes("author")] == [
        people.hash(ANN[1]), people.hash(BEN[1]), people.hash(ANN[1]),
    ]  # fmt: skip


def test_a_feature_is_a_change_of_type_feat(repo: Repository, tmp_path: Path) -> None:
    merged_history(repo)
    (feature,) = Reading(tmp_path, "shop").rows(
        "features", "team, title, strftime(started_at, '%d'), strftime(released_at, '%d')"
    )
    assert feature == ("search", "find by colour", "03", "09")


def test_people_join_with_a_commit_and_arrive_with_a_release(repo: Repository, tmp_path: Path) -> None:
    merged_history(repo)
    people = People("a salt for tests")
    days = "person, commits, " + ", ".join(
        f"strftime({c}_at, '%d')" for c in ("first_commit", "first_merged", "first_released")
    )
    assert Reading(tmp_path, "shop").rows("contributors", days, "first_commit_at") == [
        (people.hash(ANN[1]), 2, "01", "01", "09"),
        (people.hash(BEN[1]), 2, "03", "08", "09"),
    ]


def test_a_squash_made_by_a_forge_has_lost_its_first_commit(repo: Repository, tmp_path: Path) -> None:
    repo.commit("start", jan(1))
    repo.commit("feat: squashed on GitHub (#4)", jan(5), committer=GITHUB)
    repo.commit("feat: squashed elsewhere (!5)", jan(6))
    repo.commit("feat: written on the main branch", jan(7))
    repo.tag("v1", jan(8))
    assert Reading(tmp_path, "shop").changes("title", "first_commit_at", "merged_at", "deployed_at")[1:] == [
        ("feat: squashed on GitHub (#4)", None, "01-05 12:00", "01-08 12:00"),
        ("feat: squashed elsewhere (!5)", None, "01-06 12:00", "01-08 12:00"),
        ("feat: written on the main branch", "01-07 12:00", "01-07 12:00", "01-08 12:00"),
    ]


def test_rebased_commits_are_changes_that_keep_their_author_dates(repo: Repository, tmp_path: Path) -> None:
    repo.commit("start", jan(1))
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit("feat: one", jan(2))
    repo.commit("fix: two", jan(3))
    repo.git("checkout", "--quiet", "main")
    repo.commit("chore: meanwhile", jan(4))
    repo.git("checkout", "--quiet", "topic")
    repo.git("rebase", "--quiet", "main", GIT_COMMITTER_DATE=jan(6))
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--ff-only", "topic")
    rows = Reading(tmp_path, "shop").changes("title", "is_merge", "first_commit_at", "merged_at")
    assert sorted(rows[2:]) == [
        ("feat: one", False, "01-02 12:00", "01-06 12:00"),
        ("fix: two", False, "01-03 12:00", "01-06 12:00"),
    ]


def test_what_the_branch_took_from_main_is_not_its_own(repo: Repository, tmp_path: Path) -> None:
    repo.commit("start", jan(1))
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit("feat: topic", jan(5))
    repo.git("checkout", "--quiet", "main")
    repo.commit("old work on main", jan(2), jan(4))
    repo.git("checkout", "--quiet", "topic")
    repo.merge("main", jan(6))
    repo.git("checkout", "--quiet", "main")
    repo.merge("topic", jan(7))
    rows = Reading(tmp_path, "shop").changes("title", "first_commit_at", "merged_at")
    assert rows == [
        ("start", "01-01 12:00", "01-01 12:00"),
        ("old work on main", "01-02 12:00", "01-04 12:00"),
        ("feat: topic", "01-05 12:00", "01-07 12:00"),
    ]


def test_an_imported_history_does_not_say_when_work_began(repo: Repository, tmp_path: Path) -> None:
    repo.commit("start", jan(3))
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.commit("ages ago", "2011-01-01T00:00:00+00:00")
    repo.git("checkout", "--quiet", "main")
    repo.merge("other", jan(5))
    assert Reading(tmp_path, "shop").changes("first_commit_at")[-1] == (None,)


def test_offsets_are_instants(repo: Repository, tmp_path: Path) -> None:
    repo.commit("in Shanghai", jan(2, 7, "+08:00"), jan(2, 7, "+08:00"))
    repo.commit("in New York", jan(1, 22, "-04:00"), jan(2, 22, "-04:00"))
    assert Reading(tmp_path, "shop").changes("title", "first_commit_at", "merged_at") == [
        ("in Shanghai", "01-01 23:00", "01-01 23:00"),
        ("in New York", "01-02 02:00", "01-03 02:00"),
    ]


def test_a_span_below_zero_is_left_for_the_contract(repo: Repository, tmp_path: Path) -> None:
    repo.commit("clock ahead", jan(9), jan(2))
    assert Reading(tmp_path, "shop").changes("first_commit_at", "merged_at") == [("01-09 12:00", "01-02 12:00")]


def test_a_prerelease_counts_apart(repo: Repository, tmp_path: Path) -> None:
    repo.commit("feat: one", jan(1))
    repo.tag("v1.0.0-rc.1", jan(2))
    repo.commit("feat: two", jan(3))
    repo.tag("v1.0.0", jan(4))
    repo.commit("feat: three", jan(5))
    repo.tag("v1.1.0-beta1", jan(6))
    columns = ("title", "first_release", "is_prerelease", "deployed_at", "deployed_final_at")
    assert Reading(tmp_path, "shop").changes(*columns) == [
        ("feat: one", "v1.0.0-rc.1", True, "01-02 12:00", "01-04 12:00"),
        ("feat: two", "v1.0.0", False, "01-04 12:00", "01-04 12:00"),
        ("feat: three", "v1.1.0-beta1", True, "01-06 12:00", None),
    ]


@pytest.mark.parametrize("tag", ["v1.0-alpha", "1.0a1", "2.0b3", "v3rc1", "v1.2-RC2", "1.0.dev3", "test-1", "1-SNAPSHOT", "nightly-2026",
                                 "v1.0.0-beta.7", "0.1.0-preview", "v2-pre3", "5.0.0-M2", "v0.16.0-beta10"])  # fmt: skip
def test_names_of_prereleases(tag: str) -> None:
    assert _early(tag)


@pytest.mark.parametrize("tag", ["v1.0.0", "1.2", "release-2026-01-04", "latest", "search@1.2.0", "v1.0-prefix", "contest-2", "developer-1",
                                 "archive", "v2.0.0+build7", "alphabet-1"])  # fmt: skip
def test_names_of_releases(tag: str) -> None:
    assert not _early(tag)


def _early(tag: str) -> bool:
    return bool(re.search(PRERELEASE, tag))


def test_a_lightweight_tag_has_its_commits_date(repo: Repository, tmp_path: Path) -> None:
    repo.commit("one", jan(1))
    repo.commit("two", jan(3))
    repo.tag("v1")
    assert Reading(tmp_path, "shop").rows("releases", "tag, strftime(tagged_at, '%m-%d'), sha, is_prerelease") == [
        ("v1", "01-03", repo.head, False)
    ]


def test_tags_on_a_release_branch_hold_what_it_grew_from(repo: Repository, tmp_path: Path) -> None:
    repo.commit("feat: one", jan(1))
    repo.git("checkout", "--quiet", "-b", "release/1")
    repo.commit("chore: version", jan(2))
    repo.tag("v1", jan(5))
    repo.git("checkout", "--quiet", "main")
    fix = repo.commit("fix: two", jan(3))
    repo.git("checkout", "--quiet", "release/1")
    repo.git("cherry-pick", fix, "--allow-empty", GIT_COMMITTER_DATE=jan(6))
    repo.tag("v1.1", jan(7))
    repo.git("checkout", "--quiet", "main")
    repo.tag("v2", jan(20))
    assert Reading(tmp_path, "shop").changes("title", "first_release", "deployed_at") == [
        ("feat: one", "v1", "01-05 12:00"),
        ("fix: two", "v2", "01-20 12:00"),  # v1.1 has a copy; the commit itself came with v2
    ]


def test_the_earliest_tag_counts_not_the_nearest(repo: Repository, tmp_path: Path) -> None:
    first = repo.commit("one", jan(1))
    repo.commit("two", jan(2))
    repo.tag("v2", jan(4))
    repo.tag("v1", jan(6), of=first)  # made afterwards, on an older commit
    assert Reading(tmp_path, "shop").changes("first_release", "deployed_at") == [("v2", "01-04 12:00")] * 2


def test_tags_of_tags_and_of_files(repo: Repository, tmp_path: Path) -> None:
    (repo.path / "file").write_text("text")
    repo.git("add", "file")
    repo.commit("one", jan(1))
    repo.tag("inner", jan(2))
    repo.tag("outer", jan(3), of="inner")
    repo.tag("blob", of="HEAD:file")
    assert Reading(tmp_path, "shop").rows("releases", "tag, sha") == [("inner", repo.head), ("outer", repo.head)]


def test_only_the_tags_asked_for(repo: Repository, tmp_path: Path) -> None:
    repo.commit("one", jan(1))
    for name in ("v1", "backup", "search@1.0", "cart@1.0"):
        repo.tag(name, jan(2))
    assert Reading(tmp_path, "shop", tags=["v*", "search@*"]).rows("releases", "tag") == [("search@1.0",), ("v1",)]


def test_bots_are_marked(repo: Repository, tmp_path: Path) -> None:
    repo.commit("build(deps): bump", jan(1), by=BOT)
    repo.commit("fix: by hand", jan(2))
    repo.git("checkout", "--quiet", "-b", "renovate/all")
    repo.commit("chore: update", jan(3), by=("Renovate Bot", "bot@renovateapp.example"))
    repo.git("checkout", "--quiet", "main")
    repo.merge("renovate/all", jan(4))
    reading = Reading(tmp_path, "shop")
    assert [row[0] for row in reading.changes("is_bot")] == [True, False, True]
    assert reading.rows("contributors", "is_bot, commits", "first_commit_at") == [(True, 1), (False, 1), (True, 1)]


@pytest.mark.parametrize(("name", "bot"), [("Bob", False), ("Abbot", False), ("lint-staged[bot]", True), ("renovate", True),
                                           ("Renovate Bot", True), ("renovated", False), ("github-actions", True)])  # fmt: skip
def test_patterns_of_bots(name: str, bot: bool) -> None:
    assert People("salt").is_bot(name, "x@example.org") is bot


def test_no_bots_where_none_are_named(repo: Repository, tmp_path: Path) -> None:
    repo.commit("build(deps): bump", jan(1), by=BOT)
    assert Reading(tmp_path, "shop", bots=[]).changes("is_bot") == [(False,)]


def test_no_email_reaches_the_disk(repo: Repository, tmp_path: Path) -> None:
    merged_history(repo)
    repo.commit("fix: thanks to ben@example.org", jan(11))
    reading = Reading(tmp_path, "shop")
    written = b"".join(path.read_bytes() for path in reading.scratch.iterdir())
    assert reading.changes("title")[-1] == ("fix: thanks to (e-mail)",)
    for mark in (b"ann@", b"ben@", b"example.org", b"Ann", b"Ben"):
        assert mark not in written


def test_salts_part_people(tmp_path: Path) -> None:
    one, two = People("a salt"), People("another")
    assert one.hash("Ann@Example.org") == one.hash("ann@example.org ") != two.hash("ann@example.org")
    assert one.hash("12+ann@users.noreply.github.com") == one.hash("ann@users.noreply.github.com")


def test_a_workspace_keeps_one_salt_of_its_own(repo: Repository, tmp_path: Path) -> None:
    repo.commit("one", jan(1))
    first, second = (Reading(tmp_path, "shop", salt=None).changes("author") for _ in range(2))
    salt = tmp_path / "extracts" / ".salt"
    assert first == second
    assert salt.stat().st_mode & 0o777 == 0o600
    assert len(salt.read_text().strip()) == 32
    salt.unlink()
    assert Reading(tmp_path, "shop", salt=None).changes("author") != first


def test_mailmap_joins_a_persons_addresses(repo: Repository, tmp_path: Path) -> None:
    repo.commit("one", jan(1))
    repo.commit("two", jan(2), by=("Ann", "ann@home.example"))
    (repo.path / ".mailmap").write_text("Ann <ann@example.org> <ann@home.example>\n")
    assert Reading(tmp_path, "shop").rows("contributors", "commits") == [(2,)]


@pytest.mark.parametrize(
    ("message", "kind", "team", "what"),
    [
        ("feat!: drop", "feat", None, "drop"),
        ("Feat(Jira, GitHub)!: both", "feat", "jira", "both"),
        ("fix(api/v2):no space", "fix", "api", "no space"),
        ("fix(): empty scope", "fix", None, "empty scope"),
        ("https://example.org is down", None, None, "https://example.org is down"),
        ("Revert \"feat: x\"", None, None, "Revert \"feat: x\""),
        ("just words", None, None, "just words"),
    ],
)  # fmt: skip
def test_conventional_commits(repo: Repository, tmp_path: Path, message: str, kind: str, team: str, what: str) -> None:
    repo.commit(message, jan(1))
    reading = Reading(tmp_path, "shop")
    assert reading.changes("kind", "team") == [(kind, team)]
    if kind == "feat":
        assert reading.rows("features", "title") == [(what,)]


def test_a_merge_without_words_of_its_own_speaks_through_its_commits(repo: Repository, tmp_path: Path) -> None:
    repo.commit("start", jan(1))
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit("wip", jan(2))
    repo.commit("fix(cart): rounding", jan(3))
    repo.commit("feat(cart): gift wrap", jan(4))
    repo.git("checkout", "--quiet", "main")
    repo.merge("topic", jan(5))
    assert Reading(tmp_path, "shop").changes("title", "kind", "team")[1] == ("feat(cart): gift wrap", "feat", "cart")


def test_messages_that_are_no_utf8(repo: Repository, tmp_path: Path) -> None:
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    latin = tmp_path / "message"
    latin.write_bytes("feat(küche): Käse".encode("latin-1"))
    repo.git("commit", "--quiet", "--allow-empty", "-F", str(latin))
    repo.raw_commit(b"committer A <a@b.c> 1767355200 +0000\n\nfeat: \xff\xfe bytes\n", parent=repo.head)
    assert Reading(tmp_path, "shop").changes("title") == [("feat(küche): Käse",), ("feat: \ufffd\ufffd bytes",)]


def test_an_empty_message_and_quotes_in_names(tmp_path: Path) -> None:
    repo = Repository.make(tmp_path / 'it\'s "odd" $(touch pwned) ünï')
    repo.commit("", jan(1), by=("Robert'); DROP TABLE x;--", "bobby@example.org"))
    reading = Reading(tmp_path, repo.path.name)
    assert reading.changes("service", "title") == [(repo.path.name, "")]
    assert not (tmp_path / "pwned").exists()


def test_dates_that_no_calendar_holds_are_unknown(repo: Repository, tmp_path: Path) -> None:
    repo.raw_commit(b"committer A <a@b.c> 1767268800 +0000\n\nbroken clock\n", written=99999999999999)
    assert Reading(tmp_path, "shop").changes("first_commit_at", "merged_at") == [(None, "01-01 12:00")]


class TestWhichBranch:
    def test_the_servers_default_before_the_local_one(self, repo: Repository, tmp_path: Path) -> None:
        repo.git("checkout", "--quiet", "-b", "trunk")
        repo.commit("on trunk", jan(1))
        git(tmp_path, "clone", "--quiet", "shop", "clone")
        clone = Repository(tmp_path / "clone")
        clone.commit("not pushed", jan(2))
        reading = Reading(tmp_path, "clone")
        assert reading.changes("title") == [("on trunk",)]
        assert reading.origins[0].what == f"origin/trunk of clone at {repo.head[:9]} with 0 tags"

    def test_main_before_the_current_head(self, repo: Repository, tmp_path: Path) -> None:
        repo.commit("on main", jan(1))
        repo.git("checkout", "--quiet", "-b", "topic")
        repo.commit("on topic", jan(2))
        assert Reading(tmp_path, "shop").changes("title") == [("on main",)]

    def test_a_detached_head_where_there_is_nothing_else(self, repo: Repository, tmp_path: Path) -> None:
        repo.git("checkout", "--quiet", "-b", "topic")
        repo.commit("detached", jan(2))
        repo.git("checkout", "--quiet", "--detach")
        repo.git("branch", "-D", "topic")
        assert Reading(tmp_path, "shop").changes("title") == [("detached",)]

    def test_the_one_that_is_named(self, repo: Repository, tmp_path: Path) -> None:
        repo.commit("on main", jan(1))
        repo.git("checkout", "--quiet", "-b", "release/2.x")
        repo.commit("on release", jan(2))
        assert Reading(tmp_path, "shop", branch="release/2.x").changes("title") == [("on main",), ("on release",)]

    def test_an_unknown_one(self, repo: Repository, tmp_path: Path) -> None:
        repo.commit("on main", jan(1))
        with pytest.raises(
            SourceError, match=r"shop has no branch 'develop'; name one under `branch:`\. It has: main\."
        ):
            Reading(tmp_path, "shop", branch="develop")

    @pytest.mark.parametrize("name", ["--upload-pack=x", "a b", "main^", "main:file", "a\nb"])
    def test_what_is_no_name(self, name: str) -> None:
        with pytest.raises(ValidationError, match="no branch name"):
            Spec(type="git", paths=("x",), branch=name)


class TestKindsOfClones:
    def test_bare(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        git(tmp_path, "clone", "--quiet", "--bare", "shop", "copy.git")
        assert Reading(tmp_path, "copy.git").changes("service", "title", "first_commit_at")[1] == (
            "copy", "feat(search): find by colour", "01-03 12:00",
        )  # fmt: skip

    def test_a_worktree(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
        assert len(Reading(tmp_path, "tree").changes("title")) == 3

    def test_a_submodule(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        outer = Repository.make(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.path), "inner")
        assert len(Reading(tmp_path, "outer/inner").changes("title")) == 3

    def test_the_git_folder_itself(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        assert Reading(tmp_path, "shop/.git").changes("service")[0] == ("shop",)

    def test_shallow(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        git(tmp_path, "clone", "--quiet", "--depth=1", repo.path.as_uri(), "thin")
        with pytest.raises(SourceError, match=r"^source git: thin is a shallow clone.*`git fetch --unshallow --tags`"):
            Reading(tmp_path, "thin")

    def test_a_look_says_the_same_without_reading_the_history(self, repo: Repository, tmp_path: Path) -> None:
        spec = Spec(type="git", paths=("shop",))
        with pytest.raises(SourceError, match="shop has no commits yet"):
            look(spec, "git", tmp_path)
        merged_history(repo)
        look(spec, "git", tmp_path)

    def test_empty(self, repo: Repository, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="shop has no commits yet"):
            Reading(tmp_path, repo.path.name)

    def test_no_repository_even_inside_one(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        (repo.path / "docs").mkdir()
        with pytest.raises(SourceError, match=r"docs is no git repository; name the folder that `git clone` made"):
            Reading(tmp_path, "shop/docs")

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(
            SourceError, match=r"there is no folder .*nowhere; clone the repository there or mend its path"
        ):
            Reading(tmp_path, "nowhere")

    @pytest.mark.parametrize("path", ["--exec=sh", "-C"])
    def test_options_are_no_paths(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(SourceError, match="is no path of a clone"):
            Reading(tmp_path, path)

    def test_a_damaged_one(self, repo: Repository, tmp_path: Path) -> None:
        first = repo.commit("one", jan(1))
        repo.commit("two", jan(2))
        (repo.path / ".git" / "objects" / first[:2] / first[2:]).unlink()
        with pytest.raises(SourceError, match="git cannot read shop: ") as caught:
            Reading(tmp_path, "shop")
        assert "\n" not in str(caught.value)

    def test_without_git(self, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        with pytest.raises(SourceError, match="needs the command git, which is missing; install it"):
            Reading(tmp_path, "shop")


class TestSeveral:
    def test_services_are_named_by_their_folders(self, tmp_path: Path) -> None:
        for name in ("a/api", "b/api", "web"):
            Repository.make(tmp_path / name).commit("one", jan(1))
        assert [row[0] for row in Reading(tmp_path, "a/api", "b/api", "web").rows("changes", "service")] == [
            "a/api",
            "b/api",
            "web",
        ]

    def test_the_same_one_twice(self, repo: Repository, tmp_path: Path) -> None:
        repo.commit("one", jan(1))
        with pytest.raises(SourceError, match="shop is listed twice"):
            Reading(tmp_path, "shop", "./shop")

    def test_a_repository_without_tags_or_features(self, repo: Repository, tmp_path: Path) -> None:
        repo.commit("one", jan(1))
        reading = Reading(tmp_path, "shop")
        assert reading.rows("releases") == reading.rows("features") == []
        assert reading.changes("deployed_at", "deployed_final_at", "is_prerelease") == [(None, None, None)]


class TestOrigin:
    def test_is_the_same_for_the_same_refs_wherever_they_lie(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        git(tmp_path, "clone", "--quiet", "shop", "clone")
        (one,), (other,) = Reading(tmp_path, "shop").origins, Reading(tmp_path, "clone").origins
        assert one.sha256 == other.sha256
        assert str(tmp_path) not in one.what

    def test_changes_with_a_commit_and_with_a_tag(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        before = Reading(tmp_path, "shop").origins[0].sha256
        repo.tag("v2", jan(12))
        tagged = Reading(tmp_path, "shop").origins[0].sha256
        repo.commit("more", jan(13))
        assert len({before, tagged, Reading(tmp_path, "shop").origins[0].sha256}) == 3

    def test_covers_from_the_first_commit_to_the_last_thing_known(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        assert Reading(tmp_path, "shop").origins[0].covers == ("2026-01-01", "2026-01-11")


class TestSafety:
    def test_nothing_that_a_repository_configures_is_run(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
        trap.chmod(0o755)
        for key in (
            "core.pager",
            "core.fsmonitor",
            "core.sshCommand",
            "gpg.program",
            "core.editor",
            "diff.external",
            "pager.log",
        ):
            repo.git("config", key, str(trap))
        repo.git("config", "log.showSignature", "true")
        repo.git("config", "core.hooksPath", str(tmp_path))
        assert len(Reading(tmp_path, "shop").changes("title")) == 3
        assert not (tmp_path / "sprung").exists()

    def test_the_environment_of_a_hook_does_not_lead_elsewhere(
        self, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        merged_history(repo)
        other = Repository.make(tmp_path / "other")
        other.commit("elsewhere", jan(1))
        monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
        assert len(Reading(tmp_path, "shop").changes("title")) == 3

    def test_the_users_configuration_changes_nothing(
        self, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        merged_history(repo)
        (tmp_path / ".gitconfig").write_text(
            "[log]\n  date = human\n[format]\n  pretty = oneline\n[i18n]\n  logOutputEncoding = UTF-16\n"
        )
        monkeypatch.setenv("HOME", str(tmp_path))
        assert Reading(tmp_path, "shop").changes("title")[0] == ("chore: start",)

    def test_the_clone_is_left_as_it_was(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        before = {p: p.stat().st_mtime_ns for p in repo.path.rglob("*")}
        Reading(tmp_path, "shop")
        assert {p: p.stat().st_mtime_ns for p in repo.path.rglob("*")} == before

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
    def test_somebody_elses_clone_can_be_read(self, repo: Repository, tmp_path: Path) -> None:
        merged_history(repo)
        for path in (repo.path, *repo.path.rglob("*")):
            os.chown(path, 12345, 12345)
        assert len(Reading(tmp_path, "shop").changes("title")) == 3


@pytest.mark.parametrize("settings", [{"prerelease": "("}, {"salt": "short"}, {"depth": 1}, {"paths": []}])
def test_settings_that_cannot_be_meant(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Spec.model_validate({"type": "git", "paths": ["x"], **settings})
