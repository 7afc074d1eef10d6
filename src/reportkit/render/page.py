"""The report as one HTML file: fonts, charts and all, with nothing to fetch."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbformat import NotebookNode, from_dict

from reportkit.model.brand import Brand
from reportkit.render import style
from reportkit.render.frame import TEMPLATES, environment, logo
from reportkit.render.outputs import Body
from reportkit.render.sheet import Sheet

KEPT = '<span class="rk-kept">'
BY_FUNCTION = (  # kinds of trace that plotly.js compiles while it runs, which a policy has to allow
    "scattergl",
    "splom",
    "parcoords",
    "scatter3d",
    "surface",
    "mesh3d",
    "heatmapgl",
    "scatterpolargl",
)


def html(executed: NotebookNode, sheet: Sheet) -> str:
    """The report as a self-contained page."""
    body = Body(sheet.brand, "screen")
    main = content(executed, body, sheet)
    scripts = _scripts(body.live, sheet)
    return environment().get_template("page.html.j2").render(
        sheet=sheet, main=main, css=Markup(style.screen(sheet.brand)), scripts=scripts,
        data={name: _json(figure) for name, figure in body.live.items()}, logo=logo(sheet.brand.logo),
        policy=_policy(scripts, body.live),
    )  # fmt: skip


def content(executed: NotebookNode, body: Body, sheet: Sheet) -> Markup:
    """What the notebook shows, by nbconvert and our template, with one h1 and no heading level left out."""
    exporter = _exporter()
    exporter.register_filter("shown", lambda cell: body.cell(executed.cells[cell.metadata["nth"]]))
    made, _ = exporter.from_notebook_node(_bare(executed))
    if "<h1" not in made:
        made = str(Markup("<h1>{}</h1>").format(sheet.title)) + made
    return Markup(_no_widow(_in_order(made)))


def _bare(executed: NotebookNode) -> NotebookNode:
    """The notebook's cells by their numbers alone: nbconvert copies twice over what it is given, with all that is drawn in it."""
    numbers = range(len(executed.cells))
    cells = [{"cell_type": "code", "metadata": {"nth": nth}, "outputs": [], "source": ""} for nth in numbers]
    bare: NotebookNode = from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    return bare


@lru_cache(maxsize=1)
def _exporter() -> Any:
    """Nbconvert's exporter over our template, which is compiled once. Not for two threads at a time.

    It has no steps before the template, after each of which it would check the notebook against a schema.
    """
    make: Any = TemplateExporter
    return make(
        template_name="reportkit", extra_template_basedirs=[str(TEMPLATES)], template_file="index.html.j2",
        filters={"shown": lambda _: ""}, file_extension=".html",
        default_preprocessors=[], preprocessors=[],
    )  # fmt: skip


def rehearse() -> None:
    """Compile the templates, read plotly.js and the built-in fonts, so that processes forked from this one need not."""
    _exporter().from_notebook_node(_bare(from_dict({"cells": []})))
    for name in ("page.html.j2", "paper.html.j2"):
        environment().get_template(name)
    plotly_js()
    style.screen(Brand())


def _in_order(made: str) -> str:
    """The markup with its headings one level deeper than the one before at most, and a single h1."""
    last, level = 0, 0

    def step(found: re.Match[str]) -> str:
        nonlocal last, level
        if not found[1]:
            level = max(2 if last else 1, min(int(found[2]), last + 1))
            last = level
        return f"<{found[1]}h{level}"

    return re.sub(r"<(/?)h([1-6])(?=[\s>])", step, made)


def _no_widow(made: str) -> str:
    """The last three words of each headline kept on one line where they are short, and each number with its unit."""

    def kept(found: re.Match[str]) -> str:
        text, tail = found[2], " ".join(found[2].rsplit(" ", 3)[1:])
        if text.count(" ") < 5 or "<" in text:
            return found[0]
        if len(tail) > 24 or re.search(r"\d \w+$", text[: -len(tail)] + tail.split(" ", maxsplit=1)[0]):
            tail = ""
        head = re.sub(r"\d[\d.,]* \w+", f"{KEPT}\\g<0></span>", text[: len(text) - len(tail)])
        return f"{found[1]}{head}{KEPT + tail + '</span>' if tail else ''}{found[3]}"

    return re.sub(r"(<h1[^>]*>)(.*?)(</h1>)", kept, made, flags=re.DOTALL)


@lru_cache(maxsize=1)
def plotly_js() -> Markup:
    """The text of plotly.js."""
    text = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return Markup(text.replace("\r\n", "\n").replace("</script", "<\\/script"))


def _scripts(live: Mapping[str, Any], sheet: Sheet) -> list[Markup]:
    """plotly.js and our own few lines; nothing where no picture is live."""
    if not live:
        return []
    light, dark = style.light(sheet.brand), style.dark(sheet.brand)
    colours = _json({light[name]: {"light": light[name], "dark": dark[name]} for name in reversed(style.NAMES)})
    return [plotly_js(), Markup(style.template("live.js").replace("__COLOURS__", colours))]


def _json(value: Any) -> Markup:
    """JSON that no HTML parser can mistake for markup."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _policy(scripts: list[Markup], live: Mapping[str, Any]) -> str:
    """A content security policy: our own scripts by their hashes, and nothing from anywhere."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    drawn_by_function = any(trace.get("type") in BY_FUNCTION for figure in live.values() for trace in figure["data"])
    allowed = f"{hashes} 'unsafe-eval'" if drawn_by_function else hashes or "'none'"
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
