"""Pictures that can be drawn again in another brand: each carries what it was drawn from, all but the brand."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from reportkit import shared
from reportkit.display import Block, Figure
from reportkit.figures import values
from reportkit.figures.look import look
from reportkit.model.brand import Brand

Drawn = TypeVar("Drawn", Figure, Block, Figure | None, Block | None)
Given = ParamSpec("Given")
BRAND = "brand"
HOME = "reportkit.figures."
_DRAWERS: dict[str, Callable[..., Figure | Block | None]] = {}


def drawn_from(draw: Callable[Given, Drawn]) -> Callable[Given, Drawn]:
    """The function, whose pictures now carry their recipe: what else it was given beside `brand`.

    In a build, a picture is drawn once: by the first notebook that asks for it, or by one of an earlier build.
    """
    name = f"{draw.__module__.removeprefix(HOME)}.{draw.__name__}"
    signature = inspect.signature(draw)

    @wraps(draw)
    def drawing(*given: Given.args, **named: Given.kwargs) -> Any:
        bound: Mapping[str, Any] = signature.bind(*given, **named).arguments
        try:
            given_again = {key: values.written(value) for key, value in bound.items() if key != BRAND}
        except (TypeError, LookupError):
            return draw(*given, **named)  # of something that only its notebook knows: running that draws it again
        # One line: a notebook's own JSON gives every number a line.
        recipe = json.dumps([name, given_again], ensure_ascii=False, separators=(",", ":"))
        beside = (*values.left_out(list(bound.values())), *look(bound[BRAND]))
        made = shared.once(("drawn", recipe, beside), lambda: draw(*given, **named))
        return None if made is None else replace(made, recipe=recipe)

    _DRAWERS[name] = draw
    return drawing


def drawn_again(recipe: str, brand: Brand) -> Mapping[str, Any]:
    """What the picture's face has in this brand: the entries that its brand decides.

    Raises TypeError, ValueError, LookupError or AttributeError where the recipe is none of ours.
    """
    name, given = json.loads(recipe)
    if name not in _DRAWERS:
        importlib.import_module(HOME + name.partition(".")[0])
    made = _DRAWERS[name](**{key: values.read(inner) for key, inner in given.items()}, brand=brand)
    if made is None:
        raise ValueError(f"there is no such picture any more: {name}")
    return {key: made.face()[key] for key in ("svg", "live", "html") if key in made.face()}
