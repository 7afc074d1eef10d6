"""The brand file: what is read, what is mended, what is refused in one sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reportkit.errors import ParamsError
from reportkit.figures import theme
from reportkit.model.brand import Brand


def brand_file(folder: Path, text: str) -> Path:
    path = folder / "_brand.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_built_in_look():
    assert theme.load_brand(None) == Brand()
    assert all(path.is_file() for _, _, path in theme.faces(Brand()))


def test_every_built_in_colour_of_text_can_be_read():
    brand = Brand()
    assert all(
        theme.contrast(c, brand.paper) >= 4.5 for c in (brand.primary, brand.ink, brand.muted, brand.good, brand.bad)
    )


def test_colours_names_and_palette_are_read(tmp_path):
    text = "meta: {name: Acme}\ncolor:\n  palette: {plum: '#5b2a86'}\n  primary: plum\n  success: '#060'\n"
    brand = theme.load_brand(brand_file(tmp_path, text))
    assert (brand.name, brand.primary, brand.good) == ("Acme", "#5b2a86", "#006600")
    assert brand.wash != Brand().wash


def test_a_colour_too_light_to_read_is_darkened(tmp_path):
    brand = theme.load_brand(brand_file(tmp_path, "color: {primary: '#ffcc00'}"))
    assert brand.primary != "#ffcc00"
    assert theme.contrast(brand.primary, brand.paper) >= 4.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("color: {primary: blurple}", "color.primary is 'blurple'"),
        ("color: {primry: '#123456'}", "color.primry"),
        ("colour: {primary: '#123456'}", "colour"),
        ("color: [", "not valid YAML"),
        ("- just a list", "dictionary"),
        ("typography: {base: Inter}", "'Inter', and a report embeds its fonts"),
        (
            "typography: {base: Inter, fonts: [{family: Inter, source: file, files: [{path: missing.ttf}]}]}",
            "missing.ttf",
        ),
        ("logo: nowhere.svg", "the logo 'nowhere.svg' is no file"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(tmp_path, text, said):
    with pytest.raises(ParamsError) as caught:
        theme.load_brand(brand_file(tmp_path, text))
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.where == "_brand.yml"


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(ParamsError, match="cannot be opened"):
        theme.load_brand(tmp_path / "_brand.yml")


def test_fonts_and_logo_lie_beside_the_file(tmp_path):
    source = theme.faces(Brand())[0][2]
    shutil.copy(source, tmp_path / "house.ttf")
    (tmp_path / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    text = "logo: mark.svg\ntypography:\n  base: House\n  fonts:\n    - {family: House, source: file, files: [{path: house.ttf}]}\n"
    brand = theme.load_brand(brand_file(tmp_path, text))
    assert brand.family == "House"
    assert brand.fonts == ((400, "normal", tmp_path / "house.ttf"),)
    assert brand.logo == tmp_path / "mark.svg"


def test_source_sans_by_its_other_names_needs_no_files(tmp_path):
    assert theme.load_brand(brand_file(tmp_path, "typography: {base: Source Sans 3}")).family == "Source Sans Pro"


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#0a5c62", "#d08b3c"])
def test_text_on_a_colour_can_be_read(colour):
    assert theme.contrast(theme.on(colour), colour) >= 4.5
