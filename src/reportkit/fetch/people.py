"""People as hashes: who wrote a commit can be told apart, not read."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BOTS = ("dependabot", "renovate", "github-actions", "*[bot]")
NOREPLY = re.compile(r"(?:\d+\+)?(.+)@users\.noreply\.github\.com$")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True)
class People:
    """Turns authors into hashes with the workspace's salt, and tells people from bots."""

    salt: str
    bots: Sequence[str] = BOTS
    named: bool = False  # kept as they are, by the workspace's own choice

    def hash(self, email: str) -> str:
        """16 hexadecimal digits that stand for a person; the same e-mail or login gives the same ones within a workspace."""
        if self.named:
            return email.strip()
        plain = email.strip().lower()
        login = NOREPLY.match(plain)
        who = login[1] if login else plain
        return hmac.new(self.salt.encode(), who.encode(), hashlib.sha256).hexdigest()[:16]

    def is_bot(self, name: str, email: str) -> bool:
        """Whether name or e-mail fits one of the patterns of bots."""
        local = email.split("@", maxsplit=1)[0].partition("+")[2] or email.split("@", maxsplit=1)[0]
        return any(self._bots.search(text.strip().lower()) for text in (name, email, local))

    @cached_property
    def _bots(self) -> re.Pattern[str]:
        return re.compile("|".join(_pattern(p.lower()) for p in self.bots) or r"(?!)")


def without_emails(text: str) -> str:
    """The text with every e-mail address taken out."""
    return EMAIL.sub("(e-mail)", text)


def workspace_salt(root: Path) -> str:
    """The salt of a workspace: random, written once to extracts/.salt, which git ignores and only its owner reads."""
    path = root / "extracts" / ".salt"
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".salt-{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(16) + "\n")
    try:
        os.link(new, path)  # atomic, and fails where another extract was first
    except FileExistsError:
        pass
    finally:
        new.unlink()
    return path.read_text(encoding="ascii").strip()


def _pattern(text: str) -> str:
    """A pattern with * is held against the whole text; one without is looked for as a whole word. [ and ] are plain."""
    if "*" in text:
        return rf"\A{'.*'.join(re.escape(part) for part in text.split('*'))}\Z"
    return rf"(?<![\w@.-]){re.escape(text)}(?![\w-])"
