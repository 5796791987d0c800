"""Records of what was done in time: the list, one on paper, a month as a spreadsheet, and a check for anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.evidence import queries
from inbox.evidence.document import Document, act_of, document_of
from inbox.evidence.pdf import pdf_of, qr_of
from inbox.evidence.spreadsheet import MOST_ROWS, spreadsheet_of
from inbox.sources.queries import names
from inbox.web.doors import PageRequest, door
from inbox.web.limits import may_ask

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from inbox.evidence.models import EvidenceRecord, EvidenceVersion

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_NUMBER, _LONGEST_HASH = 20, 64


@require_GET
@door
def records(request: PageRequest) -> HttpResponse:
    """Records by source and month of the act, newest first, a page at a time."""
    rows = _narrowed(request)
    after = request.GET.get("after", "")
    if after:
        if not after.isdecimal() or len(after) > 18:
            raise Invalid("Not a row", field="after")
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: queries.PAGE_SIZE + 1])
    shown = found[: queries.PAGE_SIZE]
    context: dict[str, Any] = {
        "now": clock.now(),
        "rows": [{"record": row, "version": row.latest, "act": act_of(row.latest.facts["action"])} for row in shown],
        "after": shown[-1].pk if len(found) > len(shown) else None,
        "sources": names(request.user),
        "source": request.GET.get("source", ""),
        "month": request.GET.get("month", ""),
    }
    return render(request, "evidence/list.html", context)


@require_GET
@door
def spreadsheet(request: PageRequest) -> HttpResponse:
    """The same list as an Excel file, the newest 20,000 of it."""
    rows = _narrowed(request)[:MOST_ROWS]
    file = spreadsheet_of(rows, made_by=request.user.display_name, made_at=clock.now())
    name = "-".join(part for part in ("bien-ban", request.GET.get("source"), request.GET.get("month")) if part)
    answer = HttpResponse(file, content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer


@require_GET
@door
def record(request: PageRequest, number: str) -> HttpResponse:
    """One record as it stands on paper."""
    found = queries.record(number, request.user)
    document = _document(found, found.latest)
    context = {
        "record": found,
        "versions": list(found.versions.all()),
        "document": document,
        "qr": mark_safe(qr_of(document.address)),  # noqa: S308  our own SVG of our own address
        "now": clock.now(),
    }
    return render(request, "evidence/record.html", context)


@require_GET
@door
def pdf(request: PageRequest, number: str) -> HttpResponse:
    """The record as a PDF, to print and to send."""
    found = queries.record(number, request.user)
    answer = HttpResponse(pdf_of(_document(found, found.latest), made_at=found.latest.made_at))
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return answer


@require_GET
def verify(request: HttpRequest) -> HttpResponse:
    """A form for what is printed on a record, for those who cannot scan it."""
    number = request.GET.get("number", "").strip().upper()[:_LONGEST_NUMBER]
    digest = "".join(request.GET.get("hash", "").split()).lower()[:_LONGEST_HASH]
    if not number or not digest:
        return render(request, "evidence/verify.html", {"number": number, "digest": digest})
    return _answer(request, number, digest)


@require_GET
def verified(request: HttpRequest, claimed: str, digest: str) -> HttpResponse:
    """Where the QR code leads."""
    return _answer(request, claimed, digest.lower())


def _answer(request: HttpRequest, number: str, digest: str) -> HttpResponse:
    """Whether number and hash belong together; nothing about whom or what they are about."""
    if not may_ask(request):
        return render(request, "evidence/verify.html", {"number": number, "digest": digest, "busy": True}, status=429)
    context = {
        "now": clock.now(),
        "number": number,
        "digest": digest,
        "asked": True,
        "verdict": queries.verdict(number, digest),
    }
    return render(request, "evidence/verify.html", context)


def _narrowed(request: PageRequest) -> QuerySet[EvidenceRecord]:
    return queries.records(request.user, source=request.GET.get("source", ""), month=request.GET.get("month", ""))


def _document(record: EvidenceRecord, version: EvidenceVersion) -> Document:
    return document_of(version.facts, digest=version.hash, address=queries.address_of(record.number, version.hash))
