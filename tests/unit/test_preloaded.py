"""What the fork servers import: all that they say, without what nobody asks for, which is there for whoever does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportkit import forks


def told(code: str, cache: Path) -> str:
    """What the code prints in a process like a fork server."""
    environment = {**os.environ, **forks.SETTLED, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("server", [forks.KERNELS, forks.PAGES, forks.FEW])
def test_a_server_imports_all_that_it_names(server, tmp_path):
    code = (
        f"import {server} as server, sys\n"
        "for name in server.MODULES:\n"
        "    if name not in sys.modules: print(name)\n"
    )  # fmt: skip
    assert told(code, tmp_path) == ""


def test_what_was_left_for_later_is_there_when_asked_for(tmp_path):
    code = (
        f"import {forks.KERNELS}, sys\n"
        "print([name in sys.modules for name in ('numpy.f2py', 'ibis.backends.sql.compilers.postgres')])\n"
        "import inspect, ibis, numpy\n"
        "inspect.getmodule(print)\n"  # looks through all modules, as a kernel does
        "print('ibis.backends.sql.compilers.postgres' in sys.modules)\n"
        "print(numpy.f2py.__name__)\n"
        "print(ibis.to_sql(ibis.table({'a': 'int'}, 't').a.sum(), dialect='postgres').split())\n"
        "from ibis.backends.sql.compilers import PostgresCompiler\n"
        "print(PostgresCompiler.__name__)\n"
    )
    assert told(code, tmp_path).splitlines() == [
        "[False, False]",
        "False",
        "numpy.f2py",
        """['SELECT', 'SUM("t0"."a")', 'AS', '"Sum(a)"', 'FROM', '"t"', 'AS', '"t0"']""",
        "PostgresCompiler",
    ]


def test_help_is_made_again_once_the_libraries_are_there(tmp_path):
    code = (
        f"import {forks.KERNELS}\n"
        "import inspect\n"
        "from matplotlib.patches import Rectangle\n"
        "from scipy import special\n"
        "class Own(Rectangle): pass\n"
        "print('linewidth' in inspect.signature(Own.set).parameters, 'linewidth' in Own.set.__doc__)\n"
        "print('Regularized incomplete beta' in special.betainc.__doc__)\n"
    )
    assert told(code, tmp_path).splitlines() == ["True True", "True"]


def test_pages_do_without_what_they_seldom_need_and_have_it_when_they_do(tmp_path):
    code = (
        f"import {forks.PAGES}, sys\n"
        "late = 'fontTools.subset.svg', 'fontTools.varLib', 'nbclient', 'tornado', 'asyncio.events'\n"
        "print([name for name in late if name in sys.modules])\n"
        "import io, nbconvert.preprocessors, nbformat, weasyprint.pdf.fonts as fonts\n"
        "from reportkit.figures.theme import faces\n"
        "from reportkit.model.brand import Brand\n"
        "print(nbconvert.preprocessors.ExecutePreprocessor(timeout=3).timeout, fonts.subset.Subsetter.__name__)\n"
        "try: fonts.instantiateVariableFont(fonts.TTFont(faces(Brand())[0][2]), {})\n"
        "except Exception as error: print(error)\n"  # by fontTools
    )
    assert told(code, tmp_path).splitlines() == [
        "[]",
        "3 Subsetter",
        "Missing required table fvar",
    ]


FONTS = (
    "import glob, os\n"
    "made = glob.glob(os.environ['XDG_CACHE_HOME'] + '/matplotlib/fontlist*')\n"
    "from matplotlib import font_manager\n"
    "print(len(made), font_manager.findfont('DejaVu Serif:bold'), sorted(font_manager.get_font_names()))\n"
    "print(len(font_manager.fontManager.afmlist), type(font_manager.fontManager) is font_manager.FontManager)\n"
)


def test_the_fonts_of_the_machine_are_listed_when_one_is_sought_by_name(tmp_path):
    usual = told(FONTS, tmp_path / "cold")
    late = told(f"import {forks.KERNELS}\n{FONTS}", tmp_path / "warm")
    assert "DejaVuSerif-Bold.ttf" in late
    assert late == usual
    assert next((tmp_path / "warm" / "matplotlib").glob("fontlist*")).stat().st_size > 10_000
