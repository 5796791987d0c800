"""Closed sets about exports and reports. Codes are stable; what people read stands in `web.labels`."""

from __future__ import annotations

from enum import StrEnum


class ExportKind(StrEnum):
    """What is taken out."""

    TICKETS = "tickets"  # a list of tickets, narrowed as the inbox is


class ExportFormat(StrEnum):
    """As what kind of file."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


class ExportState(StrEnum):
    """What became of it. A row stays when its file is gone: it says who took what, and when."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    DELETED = "deleted"


#: Somebody still has to do something.
UNFINISHED = frozenset({ExportState.WAITING, ExportState.RUNNING})


class Problem(StrEnum):
    """Why there is no file."""

    NOT_ALLOWED = "not_allowed"  # the roles have changed since it was asked for
    INVALID = "invalid"  # the filters no longer make sense: a person or source is gone
    DISK = "disk"  # the disk did not take it
    GAVE_UP = "gave_up"  # its worker died again and again
    FAULT = "fault"  # an error of ours; the log has it


class Report(StrEnum):
    """Ready papers."""

    WARD = "ward"  # how one ward stood in a month or week
    RANKING = "ranking"  # how all wards stood, side by side
    FIGURES = "figures"  # a page of figures, as it is on the screen


class Every(StrEnum):
    """How often a report is wanted."""

    WEEK = "week"
    MONTH = "month"


class Kind(StrEnum):
    """What a column holds, which decides how each kind of file writes it."""

    CODE = "code"  # ours: never looks like a formula
    WORDS = "words"  # written by officials or sources
    CITIZEN = "citizen"  # written by citizens: may hold a phone number
    MOMENT = "moment"
    NUMBER = "number"
    PLACE = "place"  # a coordinate
    YES_NO = "yes_no"
