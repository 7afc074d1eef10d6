"""Reading params/*.yaml into models: every fault with its file, line, value and the mend.

`read` collects faults instead of stopping at the first, so that `reportkit check` can list them all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError, model_validator

from reportkit.errors import ParamsError, unknown
from reportkit.model.lines import Line, Lines
from reportkit.model.params import (
    RESERVED,
    Audience,
    Key,
    NeedleParams,
    Organisation,
    Proof,
    QuarterParams,
    Sources,
)

QUARTER_FILE = re.compile(r"\d{4}-Q[1-4]\.ya?ml$")
PATTERNS = {  # what the patterns of the models mean
    r"^[a-z][a-z0-9_]*$": "in small letters, digits and underscores, such as lead_time",
    r"^[A-Z]{3}$": "three capital letters such as EUR",
}
SHAPES = {
    "tuple_type": "a list such as [a, b]",
    "list_type": "a list such as [a, b]",
    "dict_type": "`key: value` entries",
    "model_type": "`key: value` entries",
}
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Audiences(RootModel[dict[Key, Audience]], defer_build=True):
    """params/audiences.yaml: one entry an audience."""

    @model_validator(mode="after")
    def _free(self) -> Audiences:
        if taken := RESERVED & set(self.root):
            raise ValueError(f"{min(taken)!r} is the name of a file or folder beside the reports; choose another key")
        return self


class Needles(RootModel[dict[Key, NeedleParams]], defer_build=True):
    """params/needles.yaml: owners and bets of each needle."""


class Proofs(RootModel[dict[Key, Proof]], defer_build=True):
    """params/proofs.yaml: one entry a proof of concept."""


FILES: dict[str, type[BaseModel]] = {
    "organisation.yaml": Organisation,
    "sources.yaml": Sources,
    "audiences.yaml": Audiences,
    "needles.yaml": Needles,
    "proofs.yaml": Proofs,
}
OPTIONAL = {"needles.yaml", "proofs.yaml"}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where ('params/needles.yaml:12') and a sentence with the mend."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Params:
    """All of params/, read and checked file by file."""

    organisation: Organisation
    sources: Sources
    audiences: Mapping[str, Audience]
    needles: Mapping[str, NeedleParams]
    proofs: Mapping[str, Proof]
    quarters: Mapping[str, QuarterParams]
    lines: Lines


def read(folder: Path) -> tuple[Params | None, tuple[Fault, ...]]:
    """All params of `folder`, or None with every fault found where a file cannot be understood."""
    faults: list[Fault] = []
    lines: dict[str, Line] = {}
    values: dict[str, Any] = {}
    quarter_files = sorted(p.name for p in folder.glob("*.y*ml") if QUARTER_FILE.fullmatch(p.name))
    models: dict[str, type[BaseModel]] = {**FILES, **dict.fromkeys(quarter_files, QuarterParams)}
    for name, model in models.items():
        values[name] = _file(folder / name, model, lines, faults)
    faults += _strangers(folder)
    if any(value is None for value in values.values()):
        return None, tuple(faults)
    params = Params(
        organisation=values["organisation.yaml"],
        sources=values["sources.yaml"],
        audiences=values["audiences.yaml"].root,
        needles=values["needles.yaml"].root,
        proofs=values["proofs.yaml"].root,
        quarters={name.rsplit(".", 1)[0]: values[name] for name in quarter_files},
        lines=Lines(lines),
    )
    return params, tuple(faults)


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of each params file by the file's name ('quarter.yaml' stands for every quarter's file)."""
    models: dict[str, type[BaseModel]] = {**FILES, "quarter.yaml": QuarterParams}
    return {name: model.model_json_schema() for name, model in models.items()}


def _file(path: Path, model: type[BaseModel], lines: dict[str, Line], faults: list[Fault]) -> BaseModel | None:
    """One file as its model, None with its faults added where it cannot be understood."""
    where = f"params/{path.name}"
    try:
        tree, lines[path.name] = _parse(path, where)
        written = {"written": _plain(tree, path.name, lines, (), fill=False)}
        return model.model_validate(_plain(tree, path.name, lines, ()), context=written)
    except ParamsError as error:
        faults.append(Fault(error.where or where, error.message))
    except ValidationError as error:
        faults += _explain(error, model, Lines(lines), path.name)
    return None


def _parse(path: Path, where: str) -> tuple[Any, Line]:
    """What a file says, and in which lines."""
    if not path.is_file():
        if path.name in OPTIONAL:
            return {}, Line(0, {})
        raise ParamsError("this file is missing; `reportkit init` writes one to start from.", where=where)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ParamsError("this file is not UTF-8 text; save it as UTF-8.", where=where) from None
    from reportkit.written import read as written  # where a build was planned before, nothing is read

    tree, lines = written(text, where)
    if tree is not None and not isinstance(tree, Mapping):
        raise ParamsError("this file holds no `key: value` entries; see the example in the README.", where=where)
    return tree or {}, lines


def _plain(node: Any, file: str, lines: Mapping[str, Line], path: tuple[object, ...], *, fill: bool = True) -> Any:
    """The YAML tree as plain dicts, lists and scalars, with ${VARIABLES} filled in."""
    if isinstance(node, Mapping):
        return {str(k): _plain(v, file, lines, (*path, k), fill=fill) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v, file, lines, (*path, i), fill=fill) for i, v in enumerate(node)]
    return _fill(node, lambda: Lines(lines).where(file, *path)) if fill and isinstance(node, str) else node


def _fill(text: str, where: Any) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise ParamsError(f"the environment has no variable {name}; set it, then try again.", where=where())
        return os.environ[name]

    return VARIABLE.sub(value, text)


def _strangers(folder: Path) -> Iterable[Fault]:
    """A fault for each YAML file in params/ that nothing reads, such as '2026-Q5.yaml' or 'needle.yaml'."""
    known = [*FILES, "_brand.yml"]
    for path in sorted(folder.glob("*.y*ml")):
        if path.name in known or QUARTER_FILE.fullmatch(path.name):
            continue
        message = unknown("params file", path.name, known)
        yield Fault(f"params/{path.name}", f"{message} A quarter's file is called like 2026-Q3.yaml.")


def _explain(error: ValidationError, model: type[BaseModel], lines: Lines, file: str) -> Iterable[Fault]:
    """A fault for each value that cannot be meant; the alternatives that one value may be are told together."""
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for item in error.errors(include_url=False):
        loc = tuple(step for step in item["loc"] if step != "[key]" and not _alternative(step))
        where = lines.where(file, *loc)
        name = ".".join(str(step) for step in loc) or "the file"
        if item["type"] == "extra_forbidden":
            yield Fault(where, unknown("key", str(loc[-1]), _fields(model, loc[:-1])))
        elif item["type"] == "missing":
            yield Fault(where, f"{name} is missing; give it a value.")
        else:
            given = f", given {item['input']!r}" if isinstance(item["input"], str | int | float) else ""
            if item["type"] == "value_error":
                yield Fault(where, f"{name}: {str(item['msg']).removeprefix('Value error, ')}.")
                continue
            found.setdefault((where, name), (given, []))[1].append(_wanted(item))
    for (where, name), (given, wanted) in found.items():
        yield Fault(where, f"{name} must be {' or '.join(dict.fromkeys(wanted))}{given}.")


def _alternative(step: object) -> bool:
    """Whether a step of a location is no key but one of the types that a value may have."""
    return isinstance(step, str) and "[" in step


def _wanted(item: Mapping[str, Any]) -> str:
    """What a value must be, after 'must be': 'a date like 2026-07-01'."""
    kind, context = str(item["type"]), item.get("ctx", {})
    if kind.startswith("date"):
        return "a date like 2026-07-01"
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(str(context["pattern"]), f"text like {context['pattern']}")
    if kind == "literal_error":
        allowed = str(context["expected"])
        near = get_close_matches(str(item["input"]), re.findall(r"'([^']*)'", allowed), n=1, cutoff=0.6)
        return allowed + (f" (did you mean {near[0]!r}?)" if near else "")
    return SHAPES.get(kind, str(item["msg"]).removeprefix("Input should be "))


def _fields(model: type[BaseModel], loc: Sequence[object]) -> tuple[str, ...]:
    """The keys known at `loc` below `model`."""
    here: Any = model
    for step in loc:
        here = _below(here, step)
    candidates = [c for c in _alternatives(here) if isinstance(c, type) and issubclass(c, BaseModel)]
    return tuple(field.alias or name for c in candidates for name, field in c.model_fields.items())


def _below(type_: Any, step: object) -> Any:
    for option in _alternatives(type_):
        if isinstance(option, type) and issubclass(option, RootModel):
            return _below(option.model_fields["root"].annotation, step)
        if isinstance(option, type) and issubclass(option, BaseModel) and str(step) in option.model_fields:
            return option.model_fields[str(step)].annotation
        if get_origin(option) in (dict, tuple, list):
            return get_args(option)[-1] if get_origin(option) is dict else get_args(option)[0]
    return None


def _alternatives(type_: Any) -> tuple[Any, ...]:
    origin = get_origin(type_)
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return tuple(a for arg in get_args(type_) for a in _alternatives(arg))
    if hasattr(type_, "__metadata__"):
        return _alternatives(get_args(type_)[0])
    return (type_,)
