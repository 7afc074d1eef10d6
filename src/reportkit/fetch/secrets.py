"""Secrets: named in params, kept elsewhere, shown nowhere.

Params say where a secret is: `env:GITHUB_TOKEN` (the environment, or the file .env beside params/ that git ignores) or
`keyring:reportkit/github` (service and user in the system's keyring). A secret written out in YAML is refused.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote

from reportkit.errors import SourceError
from reportkit.model.secret import IN_PARAMETER, IN_URL, PLACES

HIDDEN = "(secret)"
SHORTEST = 6  # characters; taking shorter ones out of texts would tear words apart

_known: set[str] = set()


def find(named: str, root: Path, where: str) -> str:
    """The secret that `named` stands for. Raises SourceError where it is not there."""
    found = PLACES.fullmatch(named)
    if not found:
        raise SourceError("a secret is named as env:NAME or keyring:service/user.", where=where)
    variable = found["variable"]
    value = (
        _from_environment(variable, root, where) if variable else _from_keyring(found["service"], found["user"], where)
    )
    return remember(value)


def remember(value: str) -> str:
    """The value, which `redact` takes out of every text from now on; so is the password of an address."""
    inside = [m["password"] for pattern in (IN_URL, IN_PARAMETER) for m in pattern.finditer(value)]
    parts = (value, *inside, *map(unquote, inside))  # drivers say a password as they understood it
    _known.update(part for part in parts if len(part) >= SHORTEST)
    return value


def redact(text: str) -> str:
    """The text without any secret that was found in this process, and without passwords in addresses."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return IN_PARAMETER.sub(rf"\g<before>{HIDDEN}", IN_URL.sub(rf"\g<before>{HIDDEN}", text))


def _from_environment(variable: str, root: Path, where: str) -> str:
    value = os.environ.get(variable) or _dotenv(root, where).get(variable)
    if not value or not value.strip():
        raise SourceError(
            f"the environment has no {variable}; set it, or write {variable}=… into the file .env beside params/.",
            where=where,
        )
    return value.strip()


def _dotenv(root: Path, where: str) -> dict[str, str | None]:
    path = root / ".env"
    if not path.is_file():
        return {}
    if _tracked(path):
        raise SourceError(
            "git keeps the file .env, so that everybody who clones the repository reads its secrets; run "
            "`git rm --cached .env`, change the secrets, and let .gitignore name it.",
            where=where,
        )
    from dotenv import dotenv_values

    return dict(dotenv_values(path))


def _tracked(path: Path) -> bool:
    command = ["git", "-C", str(path.parent), "ls-files", "--error-unmatch", path.name]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _from_keyring(service: str, user: str, where: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise SourceError(
            "keyring: needs the package of that name; install it with pip install 'reportkit[keyring]'.", where=where
        ) from None
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise SourceError(f"the system's keyring cannot be read: {redact(str(error))}.", where=where) from None
    if not value:
        raise SourceError(
            f"the keyring has nothing for {service}/{user}; store it with `keyring set {service} {user}`.", where=where
        )
    return value
