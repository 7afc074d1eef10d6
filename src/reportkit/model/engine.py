"""Which engine computes needles, as organisation.yaml says it: `engine: duckdb`, or a table with its address."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from reportkit.model.secret import PLACES, Address, Database, Secret, SecretInYamlError, without_password

LIKE = {
    "postgres": "postgresql://reportkit@db.example.com/warehouse",
    "trino": "trino://reportkit@trino.example.com:443/lake",
    "snowflake": "snowflake://REPORTKIT@account/WAREHOUSE",
    "bigquery": "bigquery://project",
}
LABELS = {
    "duckdb": "DuckDB", "spark": "Apache Spark", "postgres": "PostgreSQL",
    "trino": "Trino", "snowflake": "Snowflake", "bigquery": "BigQuery",
}  # fmt: skip
SECRET_OPTION = re.compile(r"pass|pwd|secret|token|credential|(key|auth)(?![a-z0-9])", re.IGNORECASE)
# How somebody is known, and where a secret lies, is none: authenticator, …credentials.provider, private_key_file.
NO_SECRET = re.compile(
    r"(provider|path|file|location|keytab|sslkey|type|mode|enabled|interval|timeout|ratio|wait)$", re.IGNORECASE
)
AUTHENTICATION = re.compile(r"authenticat(e|or|ion)", re.IGNORECASE)
SPARK_ONLY = ("master", "extracts", "settings")


def _no_secret(options: dict[str, Any]) -> dict[str, Any]:
    for name, value in options.items():
        text = str(value)  # a secret may be of digits alone
        if PLACES.fullmatch(text):
            continue
        if _secret(name) and text.lower() not in ("true", "false"):
            raise SecretInYamlError(
                f"{name} looks like a secret, which may not be written into YAML; write where it is: env:NAME or "
                "keyring:service/user"
            )
        try:
            without_password(text)
        except SecretInYamlError as error:
            raise SecretInYamlError(f"{name}: {error}") from None
    return options


def _secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    return bool(SECRET_OPTION.search(AUTHENTICATION.sub("", name))) and not NO_SECRET.search(name)


Options = Annotated[dict[str, str | bool | int | float], AfterValidator(_no_secret)]


Name = Literal["duckdb", "spark", "postgres", "trino", "snowflake", "bigquery"]


class Engine(BaseModel):
    """Where needles are computed. The frozen extract stays the truth: other engines read it, or are given its tables."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Name = "duckdb"
    url: Database | None = Field(None, description="The warehouse's address without a password, or env:NAME.")
    password: Secret | None = None
    tables: str = Field(
        "reportkit",
        alias="schema",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="The schema (BigQuery: the dataset) that the extract's tables are loaded into.",
    )
    options: Options = Field(
        default_factory=dict, description="Further settings of the connection: warehouse, role, sslmode …; or env:NAME."
    )
    master: Address = Field("local[*]", description="Spark: its master, local[4] or spark://host:7077.")
    extracts: Address | None = Field(
        None, description="Spark: where its workers see the folder extracts/, such as s3a://bucket/extracts."
    )
    settings: Options = Field(
        default_factory=dict, description="Spark: its own settings, such as spark.executor.memory: 4g."
    )

    @model_validator(mode="after")
    def _fitting(self) -> Engine:
        given = self.model_fields_set
        if self.type in LIKE and self.url is None:
            raise ValueError(
                f"the engine {self.type} needs a `url`, such as {LIKE[self.type]}, or env:NAME for where it is"
            )
        if self.url and not PLACES.fullmatch(self.url) and not self.url.startswith(self.type):
            raise ValueError(f"the engine {self.type} has an address like {LIKE.get(self.type, 'none at all')}")
        strange = [n for n in SPARK_ONLY if n in given] if self.type != "spark" else []
        strange += [n for n in ("url", "password", "tables", "options") if n in given and self.type not in LIKE]
        if strange:
            names = " and ".join("schema" if n == "tables" else n for n in strange)
            raise ValueError(f"the engine {self.type} has no {names}; take it out")
        return self

    @property
    def embedded(self) -> bool:
        """Whether it runs inside reportkit's own processes, over the frozen files."""
        return self.type == "duckdb"

    @property
    def warehouse(self) -> bool:
        """Whether the extract's tables are loaded into it."""
        return self.type in LIKE

    @property
    def label(self) -> str:
        """Its name in print: 'PostgreSQL'."""
        return LABELS[self.type]


def _from_name(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


#: `engine: spark`, or a table with its type and its address.
EngineParams = Annotated[Engine, BeforeValidator(_from_name, json_schema_input_type=Name | Engine)]
