"""The commands about time and place: what they print, and their exit codes."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inbox.sla.models import CalendarOverride, WorkCalendar
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

pytestmark = pytest.mark.usefixtures("city")


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().strip()


def answer(*words: str) -> dict:
    return json.loads(run(*words, "--json"))


@pytest.mark.parametrize(
    ("words", "due", "reason"),
    [
        (["--start", "2026-02-13T16:00", "--days", "3"], "2026-02-25T16:00:00+07:00", "Tết, from the domain document"),
        (["--start", "2025-12-31T16:30", "--hours", "4"], "2026-01-05T11:00:00+07:00", "New Year, likewise"),
        (["--start", "2025-12-31T09:30:00Z", "--hours", "4"], "2026-01-05T11:00:00+07:00", "the same instant in UTC"),
        (["--start", "2026-03-02T11:29", "--minutes", "2"], "2026-03-02T13:01:00+07:00", "across lunch"),
        (["--start", "2026-11-23T16:30", "--hours", "1"], "2026-11-25T08:00:00+07:00", "24/11 is off until confirmed"),
    ],
)
def test_working_time_due(words: list[str], due: str, reason: str) -> None:
    assert run("working_time", "due", *words) == due, reason
    assert answer("working_time", "due", *words)["due"] == due


def test_working_time_between() -> None:
    words = ["working_time", "between", "--start", "2026-02-13T16:00", "--end", "2026-02-23T08:00"]
    assert run(*words) == "1:30:00"
    assert answer(*words)["minutes"] == 90


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["due", "--start", "yesterday", "--days", "3"], "no date"),
        (["due", "--start", "2026-02-13T16:00", "--days", "0"], "no amount"),
        (["due", "--start", "2026-02-13T16:00", "--days", "1", "--calendar", "none"], "no such calendar"),
        (["between", "--start", "2026-02-13T16:00", "--end", "2026-02-13T15:00"], "the end before the start"),
    ],
)
def test_wrong_usage_is_exit_2(words: list[str], reason: str) -> None:
    with pytest.raises(CommandError) as refused:
        run("working_time", *words)
    assert refused.value.returncode == 2, reason


def test_find_ward_decides() -> None:
    found = answer("find_ward", "42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh")
    assert found["unit"] == {"code": "26929", "name": "Phường Bình Thạnh"}
    assert found["method"] == "old_ward"
    assert found["candidates"][0]["confidence"] > 0.9


def test_find_ward_by_point() -> None:
    found = answer("find_ward", "", "--lat", "10.7769", "--lng", "106.7009")
    assert found["unit"]["code"] == "26740"


def test_undecided_is_an_answer_with_candidates() -> None:
    found = answer("find_ward", "Phường Phú Mỹ, Quận 7")
    assert found["unit"] is None
    assert {c["code"] for c in found["candidates"]} == {"27484", "27487"}
    assert found["method"] == "triage"
    assert run("find_ward", "Phường Phú Mỹ, Quận 7").startswith("undecided (triage)")


def test_half_a_point_is_wrong_usage() -> None:
    with pytest.raises(CommandError) as refused:
        run("find_ward", "", "--lat", "10.7769")
    assert refused.value.returncode == 2


def test_sweep_and_recalculate() -> None:
    ticket = make_ticket(local("2026-03-02 09:00"))
    swept = answer("sweep_sla", "--at", "2026-03-02T12:00")
    assert (swept["due_soon"], swept["overdue"]) == (1, 1)
    CalendarOverride.objects.create(
        calendar=WorkCalendar.objects.get(), date=local("2026-03-04 00:00").date(), reason="Nghỉ"
    )
    planned = answer("recalculate_sla", "--dry-run")
    assert planned["clocks"] == [
        {
            "ticket": ticket.code,
            "clock": "resolve",
            "before": "2026-03-05T09:00:00+07:00",
            "after": "2026-03-06T09:00:00+07:00",
        }
    ]
    assert answer("recalculate_sla")["moved"] == 1
    assert answer("recalculate_sla")["moved"] == 0
