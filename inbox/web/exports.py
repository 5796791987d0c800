"""The words of the download centre: kinds of file, and what is wrong with a wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from inbox.core.errors import Invalid
from inbox.reports.queries import query_of
from inbox.reports.vocabulary import ExportFormat
from inbox.web import chips, labels

#: Messages of `Invalid` that people may meet in the form.
_MESSAGES = (
    noop("There is no such format"),
    noop("There is no such view"),
    noop("There is no such filter."),
    noop("Too many rows for this format: narrow the list or choose CSV"),
    noop("Several files are being made for you already: wait until one is ready"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One kind of file in the form."""

    code: str
    name: labels.Words
    hint: labels.Words


FORMATS = (
    Choice(
        ExportFormat.XLSX,
        gettext_lazy("Excel"),
        gettext_lazy("To read and to print: real dates and numbers, filters, who made it. Up to 200,000 rows."),
    ),
    Choice(
        ExportFormat.CSV,
        gettext_lazy("CSV"),
        gettext_lazy("For other software: codes instead of words, commas, UTF-8."),
    ),
    Choice(
        ExportFormat.PARQUET,
        gettext_lazy("Parquet"),
        gettext_lazy("For analysts: typed columns, small, fast."),
    ),
)


def filters_in_words(parameters: Mapping[str, Sequence[str]]) -> list[tuple[str, labels.Words]]:
    """Stored filters as a person reads them, the view first. Codes that have no words are shown as they are."""
    found: list[tuple[str, labels.Words]] = []
    if view := (parameters.get("view") or [""])[0]:
        found.append((_("List"), labels.label_of("view", view).words))
    found += [(chip.name, chip.value) for chip in chips.chips(query_of(parameters), sources=())]
    if words := (parameters.get("q") or [""])[0]:
        found.append((_("Words"), words))
    return found


def unfit(invalid: Invalid) -> str:
    """What is wrong, in the person's language."""
    return _(str(invalid))
