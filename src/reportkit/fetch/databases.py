"""Addresses of databases: with their secrets filled in, and as messages may show them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from reportkit.errors import SourceError
from reportkit.fetch.secrets import find, redact, remember
from reportkit.model.secret import FILES, PLACES, parsable


def address(named: str, password: str | None, root: Path, where: str) -> str:
    """The address that params name, its password filled in. Raises SourceError: a secret is not there, or no address."""
    plain = find(named, root, where) if PLACES.fullmatch(named) else named
    try:
        parsable(plain)
    except ValueError as error:
        raise SourceError(f"url: {error}.", where=where) from None
    return with_password(plain, find(password, root, where)) if password else plain


def with_password(address: str, password: str) -> str:
    """The address with the password behind its user."""
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    return remember(urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}")))


def shown(address: str) -> str:
    """How messages name a database: its host and path, without user and password; a file by its name."""
    scheme, _, rest = address.partition("://")
    if scheme in FILES:
        return Path(rest).name
    parts = urlsplit(address)
    return f"{parts.hostname or 'the database'}{parts.path}"


def no_driver(address: str, error: Exception) -> str:
    """A sentence for a driver that is not installed, naming what to install."""
    scheme = address.partition("://")[0].partition("+")[0].removesuffix("ql")
    extra = {"postgre": "postgres"}.get(scheme, scheme)
    return (
        f"the driver for {scheme}:// is not installed ({line(error)}); install it with "
        f"pip install 'ibis-framework[{extra}]', or see which databases Ibis knows."
    )


def line(error: Exception) -> str:
    """What a driver says, in one line, without any secret."""
    return redact(" ".join(str(error).split()))[:200].rstrip(".") or type(error).__name__
