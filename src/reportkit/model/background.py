"""What is known beside a quarter's extract."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from reportkit.model.bets import Promise, Told
from reportkit.model.params import SourceChange


@dataclass(frozen=True)
class Background:
    """What is known beside the extract: earlier extracts, changes of sources, changes of proofs after their read-out.

    `extracts` are the folders of the quarters before, by quarter, oldest first; `changed` is by entity, `amended` by proof.
    `told` is what the records of the quarters before said, oldest first; `definitions` are the needles' hashes of today.
    """

    extracts: Mapping[str, pathlib.Path] = field(default_factory=dict)
    changed: Mapping[str, Mapping[date, SourceChange]] = field(default_factory=dict)
    amended: Mapping[str, str] = field(default_factory=dict)
    promises: tuple[Promise, ...] = ()
    told: tuple[Told, ...] = ()
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
