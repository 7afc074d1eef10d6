"""Between us and an API: faults of any kind change nothing, tokens go to one host, secrets are shown nowhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportkit import cli
from reportkit.errors import SourceError
from reportkit.fetch import pipeline, secrets
from tests.servers.github import GitHub
from tests.servers.web import Answer, Asked, Fault
from tests.unit.sourcing import Read, facts, taken

TOKEN = "ghp_planted0123456789abcdef"
COLUMNS = "change_id, first_commit_at, opened_at, first_review_at, merged_at, deployed_at, author"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "BACKOFF", 0.01)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)


@pytest.fixture
def hub() -> Iterator[GitHub]:
    found = GitHub("acme/shop", per_page=3)
    (shop,) = found.repos.values()
    for n in range(1, 13):
        pull = shop.pull(n, n * 10, n * 10 + 5)
        shop.commit(n, n * 10 - 3)
        shop.review(n, n * 10 + 2)
        shop.deployment(n, n * 10 + 6, pull["merge_commit_sha"], ("success", n * 10 + 7))
    found.server.start()
    yield found
    found.server.stop()


def settings(hub: GitHub, **more: Any) -> dict[str, Any]:
    given = {"type": "github", "url": hub.server.url, "token": "env:GITHUB_TOKEN", "since": "2026-01-01"}
    return {**given, "organisations": ["acme"], **more}


def changes(root: Path, hub: GitHub, **more: Any) -> list[tuple[Any, ...]]:
    taken(root, {"github": settings(hub, **more)}, {"changes": {"source": "github"}})
    return facts(root, "changes", COLUMNS)


STRIKES = 3


def every(n: int, answer: Callable[[Asked], Answer | None]) -> Fault:
    """Every n-th request goes wrong, but none more than STRIKES times.

    A request that is tried again each second, on a machine so slow that the others make n - 1 in a second, would else be the
    n-th again and again until nothing is tried any more.
    """
    struck: Counter[tuple[str, str]] = Counter()

    def fault(count: int, asked: Asked) -> Answer | None:
        key = (asked.path, json.dumps(asked.params, sort_keys=True))
        if count % n or struck[key] >= STRIKES:
            return None
        struck[key] += 1
        return answer(asked)

    return fault


FAULTS: dict[str, Callable[[GitHub], Fault]] = {
    "drops": lambda _: every(3, lambda _: Answer(drop=True)),
    "5xx": lambda _: every(3, lambda _: Answer({"message": "oops"}, 502)),
    "429": lambda _: every(4, lambda _: Answer({"message": "slow down"}, 429, {"Retry-After": "0"})),
    "403 that is a limit": lambda _: every(
        5,
        lambda _: Answer(
            {"message": "rate limit"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()))}
        ),
    ),
    "delays": lambda _: every(25, lambda _: time.sleep(1.5)),
    "202": lambda _: every(4, lambda _: Answer({}, 202)),
    "cut short": lambda hub: every(3, lambda asked: cut(hub, asked)),
    "half an answer that claims to be whole": lambda _: every(3, lambda _: Answer(b'[{"id": 1, "num')),
}


def cut(hub: GitHub, asked: Asked) -> Answer | None:
    for pattern, handler in hub.server.routes.items():
        if match := pattern.fullmatch(asked.path):
            answer = handler(asked, *match.groups())
            answer.cut = True
            return answer
    return None


@pytest.mark.parametrize("name", FAULTS)
def test_a_run_with_faults_ends_like_a_calm_one(
    hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    calm = changes(tmp_path / "calm", hub)
    assert len(calm) == 12
    if name == "delays":
        monkeypatch.setattr(pipeline, "TIMEOUT", (5, 1))
    hub.server.fault = FAULTS[name](hub)
    before = len(hub.server.asked)
    assert changes(tmp_path / "faults", hub) == calm
    assert len(hub.server.asked) - before > before  # some were asked again


def test_pages_that_overlap_double_nothing(hub: GitHub, tmp_path: Path) -> None:
    """While pages are read a pull request changes and moves to the front, so that the next page repeats one."""
    shop = hub.repos["acme/shop"]

    def move(_: int, asked: Asked) -> None:
        if asked.path.endswith("/pulls") and asked.params.get("page") == "2":
            shop.pulls[0]["updated_at"] = "2026-06-01T00:00:00Z"

    hub.server.fault = move
    found = changes(tmp_path, hub)
    assert [row[0] for row in found] == sorted(f"acme/shop#{n}" for n in range(1, 13))


def test_a_spent_budget_is_one_sentence_and_what_was_fetched_is_kept(hub: GitHub, tmp_path: Path) -> None:
    later = str(
        int((datetime.now(UTC) + timedelta(minutes=64)).timestamp())
    )  # up to 3 of which the test may take itself
    limit = Answer({"message": "rate limit"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later})
    hub.server.fault = lambda count, _: limit if count > 9 else None
    with pytest.raises(
        SourceError,
        match=r"lets us wait 6\d min for its rate limit, and `patience` allows 15 min in all; \d pages are kept",
    ):
        changes(tmp_path, hub)
    hub.server.fault = None
    before = len(hub.server.asked)
    found = changes(tmp_path, hub)
    resumed = hub.server.asked[before:]
    before = len(hub.server.asked)
    assert found == changes(tmp_path / "calm", hub)
    assert len(resumed) < len(hub.server.asked) - before


def test_what_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    given = {"type": "github", "url": "http://127.0.0.1:1", "repositories": ["a/b"], "since": "2026-01-01"}
    with pytest.raises(SourceError, match="cannot be reached"):
        Read(tmp_path, given)


@pytest.mark.parametrize("way", ["next", "redirect"])
def test_the_token_goes_to_no_other_host(hub: GitHub, tmp_path: Path, way: str) -> None:
    other = GitHub("acme/shop")
    other.server.start()

    def astray(_: int, asked: Asked) -> Answer | None:
        if not asked.path.endswith("/pulls"):
            return None
        if way == "redirect":
            return Answer({}, 302, {"Location": f"{other.server.url}{asked.path}"})
        return Answer([], headers={"Link": f'<{other.server.url}/repos/acme/shop/pulls?page=2>; rel="next"'})

    hub.server.fault = astray
    with pytest.raises(SourceError, match="points to another host"):
        changes(tmp_path, hub)
    assert other.server.asked == []
    other.server.stop()


def test_a_redirect_on_the_same_host_is_followed_with_the_token(hub: GitHub, tmp_path: Path) -> None:
    """A repository that was renamed: GitHub redirects to its number."""
    calm = changes(tmp_path / "calm", hub)

    def renamed(_: int, asked: Asked) -> Answer | None:
        if asked.path.startswith("/repositories/1/"):
            asked = Asked(asked.path.replace("/repositories/1", "/repos/acme/shop"), asked.params, asked.headers)
            return hub.server.answer(asked)
        if asked.path.endswith("/pulls") and "redirected" not in asked.params and not renamed.done:  # type: ignore[attr-defined]
            renamed.done = True  # type: ignore[attr-defined]
            query = "&".join(f"{k}={v}" for k, v in asked.params.items())
            return Answer({}, 301, {"Location": f"{hub.server.url}/repositories/1/pulls?{query}"})
        return None

    renamed.done = False  # type: ignore[attr-defined]
    hub.server.fault = renamed
    assert changes(tmp_path / "renamed", hub) == calm
    asked = [a for a in hub.server.asked if a.path.startswith("/repositories/1/")]
    assert asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_netrc_is_not_asked(hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password netrc-secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    changes(tmp_path, hub)
    assert {a.headers.get("authorization") for a in hub.server.asked} == {f"Bearer {TOKEN}"}


class TestSecrets:
    def test_dotenv_beside_the_params(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GITHUB_TOKEN")
        (tmp_path / ".env").write_text("GITHUB_TOKEN=from-dotenv\n")
        assert secrets.find("env:GITHUB_TOKEN", tmp_path, "x") == "from-dotenv"
        with pytest.raises(SourceError, match="the environment has no OTHER"):
            secrets.find("env:OTHER", tmp_path, "x")

    def test_a_dotenv_that_git_keeps_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GITHUB_TOKEN")
        (tmp_path / ".env").write_text("GITHUB_TOKEN=from-dotenv\n")
        for command in (["init", "-q"], ["add", "-f", ".env"]):
            subprocess.run(["git", "-C", str(tmp_path), *command], check=True, capture_output=True)
        with pytest.raises(SourceError, match=r"git keeps the file \.env"):
            secrets.find("env:GITHUB_TOKEN", tmp_path, "x")

    def test_the_keyring(self, tmp_path: Path) -> None:
        import keyring
        from keyring.backend import KeyringBackend

        class Held(KeyringBackend):
            priority = 1  # type: ignore[assignment]

            def get_password(self, service: str, username: str) -> str | None:
                return "from-keyring" if (service, username) == ("reportkit", "github") else None

            def set_password(self, *_: str) -> None: ...

            def delete_password(self, *_: str) -> None: ...

        before = keyring.get_keyring()
        keyring.set_keyring(Held())
        try:
            assert secrets.find("keyring:reportkit/github", tmp_path, "x") == "from-keyring"
            with pytest.raises(SourceError, match="the keyring has nothing for reportkit/gitlab"):
                secrets.find("keyring:reportkit/gitlab", tmp_path, "x")
        finally:
            keyring.set_keyring(before)

    def test_they_are_taken_out_of_texts(self) -> None:
        secrets.remember("postgresql://me:s3cret-pass@host/db")
        assert "s3cret" not in secrets.redact("cannot open postgresql://me:s3cret-pass@host/db (s3cret-pass)")

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("at postgresql://u:p@ssw0rd9@host/db now", "at postgresql://u:(secret)@host/db now"),
            ("postgresql://u:p/ssw0rd9@host/db", "postgresql://u:(secret)@host/db"),
            ("postgresql://u:ssw0rd9@host/db?to=me@x", "postgresql://u:(secret)@host/db?to=me@x"),
            ("jdbc:x://h/db?user=a&password=b&ssl=1", "jdbc:x://h/db?user=a&password=(secret)&ssl=1"),
            ("https://h/x?private_token=b", "https://h/x?private_token=(secret)"),
            ("host=h password=b dbname=d", "host=h password=(secret) dbname=d"),
            ("write DB_PASSWORD=… into .env", "write DB_PASSWORD=… into .env"),
            ("https://h:8080/x?page=2", "https://h:8080/x?page=2"),
        ],
    )
    def test_passwords_in_addresses_are_taken_out_though_nobody_named_them(self, text: str, shown: str) -> None:
        assert secrets.redact(text) == shown

    def test_a_password_is_taken_out_as_drivers_understand_it(self) -> None:
        secrets.remember("postgresql://h/db?password=her%23ring")
        assert secrets.redact("no role her#ring") == "no role (secret)"


SOURCES = """
sources:
  github: {{type: github, url: "{url}", token: "env:GITHUB_TOKEN", organisations: [acme], since: 2026-01-01{more}}}
entities:
  changes: {{source: github}}
"""


def command(root: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "GITHUB_TOKEN": TOKEN, "HOME": str(root / "home")}
    run = [sys.executable, "-c", "from reportkit.cli import main; main()", *arguments, "-w", str(root)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_a_planted_secret_is_in_nothing_that_a_command_writes(
    workspace: Callable[..., Path], hub: GitHub, tmp_path: Path
) -> None:
    """Failures included: a refused token, an unknown host, a fault in the middle, and a secret in the YAML itself."""
    root = workspace({"sources.yaml": SOURCES.format(url=hub.server.url, more="")})
    (root / "home").mkdir()
    said = [
        command(root, "extract", "2026-Q1", "--check"),
        command(root, "extract", "2026-Q1", "--debug"),
        command(root, "build", "2026-Q1"),
    ]
    assert said[1][0] == 0, said[1]
    board = root / "notebooks" / "board.ipynb"
    whole = board.read_text(encoding="utf-8")
    notebook = json.loads(whole)
    broken = "import os\nheld = os.environ['GITHUB_TOKEN']\nraise ValueError('broken on purpose')"
    notebook["cells"].append({**notebook["cells"][0], "id": "broken", "metadata": {}, "source": broken})
    board.write_text(json.dumps(notebook), encoding="utf-8")
    failed = command(root, "build", "2026-Q1")
    [kept] = (root / "reports" / "2026-Q1" / "failed").glob("*.ipynb")
    assert "broken on purpose" in kept.read_text(encoding="utf-8")
    board.write_text(whole, encoding="utf-8")
    hub.server.fault = lambda _, __: Answer({"message": f"Bad credentials {TOKEN}"}, 401)
    said += [command(root, "extract", "2026-Q1", "--debug"), command(root, "extract", "2026-Q1", "--check")]
    assert re.search(r"refuses the token \(401\)", said[3][1])
    hub.server.fault = lambda _, __: Answer({"message": f"{TOKEN}"}, 422)
    said.append(command(root, "extract", "2026-Q1"))
    (root / "params" / "sources.yaml").write_text(
        SOURCES.format(url=hub.server.url, more="").replace("env:GITHUB_TOKEN", TOKEN)
    )
    said += [command(root, "check"), command(root, "extract", "2026-Q1"), command(root, "schema")]
    assert "may not be written into YAML" in said[6][1]
    (root / "params" / "sources.yaml").unlink()
    assert [text for _, text in [*said, failed] if TOKEN in text] == []
    assert [str(p) for p in root.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()] == []
    assert list((root / "home").rglob("*dlt*")) == []  # it keeps nothing of its own there
    assert (
        json.loads((root / "extracts" / "2026-Q1" / "manifest.json").read_text())["entities"]["changes"]["later"] == 12
    )


def test_trying_says_what_would_work_and_keeps_nothing(
    workspace: Callable[..., Path], hub: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SOURCES.format(url=hub.server.url, more="").replace(
        "entities:", '  gone: {type: file, path: "extracts/raw/nothing.csv"}\nentities:\n  deployments: {source: gone}'
    )
    root = workspace({"sources.yaml": text})
    with pytest.raises(SystemExit) as left:
        cli.main(["extract", "--check", "-w", str(root)])
    assert left.value.code == 2
    lines = [line.split(maxsplit=3) for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["source", "github", "works"], ["source", "gone", "fails"], ["entity", "deployments", "fails"], ["entity", "changes", "works"],
    ]  # fmt: skip
    assert "there is no file extracts/raw/nothing.csv" in lines[1][3]
    assert "rows tried, all keep the contract" in lines[3][3]
    assert sorted(p.name for p in (root / "extracts").iterdir()) == [".salt", "raw"]
    assert len([path for path in hub.server.paths() if path.endswith("/pulls")]) == 1
