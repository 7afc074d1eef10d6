"""What a YAML file says, and in which lines; every fault with its line, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from reportkit.errors import ParamsError
from reportkit.model.lines import Line

DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
# Directives, tabs, odd ends of lines, tags, anchors and aliases, merged mappings, and a colon that follows a quotation at once.
RARE = re.compile(r"^%|[\t\x85\u2028\u2029]|(?:^ *(?:- +)*|[:,?] +|[\[{] *)[!&*]|<<|['\"]:[^\s]", re.MULTILINE)
DEEP = 1_000  # brackets, of which each may be inside the one before


class _Located(SafeConstructor):
    """Gives what a document says together with the node that it was made from."""

    def construct_document(self, node: Any) -> tuple[Any, Any]:
        return super().construct_document(node), node


def read(text: str, where: str) -> tuple[Any, Line]:
    """The values of a YAML document, and the lines of its entries. Raises ParamsError, at `where`, with the line."""
    try:
        tree, node = _loaded(text)
        return tree, Line(1, _inside(node))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = (error.problem or error.context or "not YAML").splitlines()[0]
        unknown_tag = problem.startswith("could not determine a constructor")
        raise ParamsError(
            "a tag such as !name has no meaning here; write the value without it."
            if unknown_tag
            else f"this is not YAML: {problem}.",
            where=f"{where}:{mark.line + 1}" if mark else where,
        ) from None
    except YAMLError as error:
        raise ParamsError(f"this is not YAML: {str(error).splitlines()[0]}", where=where) from None
    except ValueError:  # of a date
        raise _no_date(text, where) from None
    except RecursionError:
        raise ParamsError(
            "this file goes too deep, or an alias (*name) stands within what it is an alias of; write it out.",
            where=where,
        ) from None


def _loaded(text: str) -> tuple[Any, Any]:
    """The value of a document and its node.

    By YAML's own library, seven times as fast, where it means the same as ruamel's reader in Python; what it forbids, such as
    [type:bug], is read by that, and faults are told in its words.
    """
    if not RARE.search(text) and text.count("[") + text.count("{") < DEEP:
        with suppress(YAMLError, ValueError):
            return _by(YAML(typ="safe"), text)
    return _by(YAML(typ="safe", pure=True), text)


def _by(yaml: YAML, text: str) -> tuple[Any, Any]:
    yaml.Constructor = _Located
    return yaml.load(text) or ({}, None)


def _inside(node: Any) -> Mapping[str, Line]:
    """The lines of what a node of YAML holds."""
    if isinstance(node, MappingNode):
        return {str(key.value): Line(key.start_mark.line + 1, _inside(value)) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return {str(nth): Line(item.start_mark.line + 1, _inside(item)) for nth, item in enumerate(node.value)}
    return {}


def _no_date(text: str, where: str) -> ParamsError:
    """The error of a date that no calendar has, such as 2026-02-30, with its line."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in DATE.findall(line):
            try:
                date.fromisoformat(found)
            except ValueError:
                return ParamsError(f"{found} is no date; no calendar has it.", where=f"{where}:{number}")
    return ParamsError("a date in this file is none; write dates like 2026-07-01.", where=where)
