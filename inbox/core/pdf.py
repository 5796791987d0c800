"""A document as a PDF: tagged for screen readers, with the fonts that typst brings along. The words are data to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst


def tagged_pdf(template: Path, inputs: Mapping[str, str], *, made_at: datetime) -> bytes:
    """PDF/UA-1, the same bytes for the same inputs.

    A name with a letter that none of the fonts has (an emoji, Chinese) gets a tagged PDF without that promise.
    """
    try:
        return _compiled(template, inputs, made_at, standards=["ua-1"])
    except typst.TypstError:
        return _compiled(template, inputs, made_at, standards=[])


def _compiled(template: Path, inputs: Mapping[str, str], made_at: datetime, *, standards: list[Any]) -> bytes:
    pdf: bytes = typst.compile(
        template,
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=standards,
        timestamp=int(made_at.timestamp()),
        sys_inputs=dict(inputs),
    )
    return pdf
