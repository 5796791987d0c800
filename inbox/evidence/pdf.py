"""The record as a PDF, and the QR code that leads to its check."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import segno

from inbox.core.pdf import tagged_pdf
from inbox.evidence.document import Document

_TEMPLATE = Path(__file__).with_name("record.typ")


def pdf_of(document: Document, *, made_at: datetime) -> bytes:
    """The same bytes for the same version of a record."""
    inputs = {"document": json.dumps(asdict(document)), "qr": qr_of(document.address)}
    return tagged_pdf(_TEMPLATE, inputs, made_at=made_at)


def qr_of(address: str) -> str:
    """A QR code as SVG, for the paper and the page alike."""
    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", border=2, xmldecl=False, svgclass=None, lineclass=None, light="#fff", omitsize=True)
    return out.getvalue().decode()
