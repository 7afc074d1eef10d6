"""The settings that every API source has."""

from __future__ import annotations

import base64
from collections.abc import Callable, MutableMapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from reportkit.fetch import secrets
from reportkit.fetch.people import BOTS, People, workspace_salt
from reportkit.fetch.place import SourceSpec
from reportkit.model.secret import Address, Secret

Headers = MutableMapping[Any, Any]


class ApiSpec(SourceSpec):
    """Settings of a source that is an HTTP API."""

    knows_span: ClassVar[bool] = True

    url: Address = Field(description="Address of the API.")
    token: Secret | None = None
    since: date | None = Field(None, description="First day that is asked for; two years back where not given.")
    people: Literal["hashed", "named"] = Field(
        "hashed", description="Whether logins and e-mails are hashed before anything is written; named keeps them."
    )
    bots: tuple[str, ...] = Field(BOTS, description="Logins that are no people; * stands for anything.")
    patience: float = Field(
        900, ge=1, description="Seconds that may be waited for the API's rate limits in one extract."
    )
    allow_http: tuple[str, ...] = Field((), description="Hosts that may be asked without encryption.")

    @model_validator(mode="after")
    def _encrypted(self) -> ApiSpec:
        from reportkit.fetch.addresses import allowed

        if why_not := allowed(self.url, self.allow_http):
            raise ValueError(why_not)
        return self

    def people_of(self, root: Path) -> People:
        """How people are written down."""
        return People(workspace_salt(root), self.bots, named=self.people == "named")


def bearer(secret: Secret | None, root: Path, where: str, scheme: str = "Bearer") -> Callable[[Headers], None]:
    """Puts 'Authorization: Bearer …' on a request; nothing where there is no secret. Raises SourceError."""
    return header("Authorization", secret, root, where, prefix=f"{scheme} ")


def header(name: str, secret: Secret | None, root: Path, where: str, prefix: str = "") -> Callable[[Headers], None]:
    """Puts a secret into a header of its own. Raises SourceError where the secret is not there."""
    if secret is None:
        return lambda _: None
    value = prefix + secrets.find(secret, root, where)
    return lambda headers: headers.update({name: value})


def basic(user: str | None, secret: Secret | None, root: Path, where: str) -> Callable[[Headers], None]:
    """User and secret as HTTP's basic authorisation; the secret alone as a bearer where there is no user."""
    if user is None or secret is None:
        return bearer(secret, root, where)
    pair = f"{user}:{secrets.find(secret, root, where)}"
    value = secrets.remember("Basic " + base64.b64encode(pair.encode()).decode())
    return lambda headers: headers.update({"Authorization": value})
