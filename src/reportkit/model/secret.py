"""Where a secret is, as params may say it: never the secret itself, and no address that holds a password."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

PLACES = re.compile(r"env:(?P<variable>[A-Za-z_][A-Za-z0-9_]*)|keyring:(?P<service>[^/\s]+)/(?P<user>\S+)")
# Behind the user, up to the last @ before the host ends; up to the first one where the password itself holds a / or a ?.
IN_URL = re.compile(
    r"(?P<before>[a-z][a-z0-9+.-]*://[^/\s:@]*:|oracle:[a-z0-9]+:[^/\s:@]+/)(?P<password>[^/?\s]+(?=@)|[^@\s]+)(?=@)",
    re.IGNORECASE,
)
# Behind a parameter's name: ?user=a&password=b, ;password=b, "host=h password=b". What hints write, NAME=…, is none.
IN_PARAMETER = re.compile(
    r"(?P<before>(?:[?&;][\w.-]*(?:secret|token|(?:api|access|account|private|shared)[_.-]?key|signature)"
    r"|(?:^|[?&;,\s\"'(])(?:pass|[\w.-]*(?:passw(?:or)?d|passphrase|pwd)))=)(?P<password>(?!…)[^&;\s\"']+)",
    re.IGNORECASE,
)
FILES = ("sqlite", "duckdb")  # databases whose address is a path


class SecretInYamlError(ValueError):
    """A secret is written out where only its place may be named. Nothing that says so may repeat the value."""


def named(value: str) -> str:
    """The place of a secret. Raises ValueError where it is the secret itself."""
    if not PLACES.fullmatch(value):
        raise SecretInYamlError(
            "a secret may not be written into YAML; write where it is: env:GITHUB_TOKEN (the environment or .env) or "
            "keyring:service/user",
        )
    return value


def without_password(
    value: str, instead: str = "put the whole address into the environment or .env and write env:NAME"
) -> str:
    """The address. Raises ValueError where it holds a password; `instead` is what to do."""
    if IN_URL.search(value) or IN_PARAMETER.search(value):
        raise SecretInYamlError(f"this address holds a password, which may not be written into YAML; {instead}")
    return value


def bare(value: str) -> str:
    """The address of a system whose secret has a setting of its own. Raises ValueError where it holds a password."""
    return without_password(
        value, "take it out of the address, and name where it is in the setting that is made for it"
    )


def parsable(address: str) -> str:
    """A database's address. Raises ValueError, without repeating it, where no driver could read it."""
    if address.partition("://")[0] in FILES:
        return address
    try:
        parts = urlsplit(address)
        _ = parts.port  # one that is no number is a piece of a password
        broken = "@" in parts.path + parts.fragment  # what is behind a bare / or # of a password
    except ValueError:
        broken = True
    if broken:
        raise SecretInYamlError(
            "this is no address of a database; letters such as [, #, / and @ in a password are written %5B, %23, %2F "
            "and %40"
        )
    return address


def database(value: str) -> str:
    """The address of a database, or where it is. Raises ValueError where it is none or holds a password."""
    if not PLACES.fullmatch(value):
        if "://" not in value:
            raise ValueError("an address is like postgresql://reader@host/database, or env:NAME")
        parsable(without_password(value))
    return value


#: Where a secret is, never the secret itself.
Secret = Annotated[
    str,
    AfterValidator(named),
    Field(description="Where the secret is: env:NAME (the environment or .env) or keyring:service/user."),
]
#: An address that holds no password.
Address = Annotated[str, AfterValidator(bare)]
#: A database's address without a password, or where the whole address is.
Database = Annotated[str, AfterValidator(database)]
