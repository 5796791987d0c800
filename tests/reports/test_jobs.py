"""Jobs: who may ask, how far they are, going on after a crash, expiry, and who took what."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core import mail
from django.http import QueryDict

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock, filestore
from inbox.core.errors import IllegalMove, Invalid, NotAllowed, NotFound
from inbox.notify.models import Letter
from inbox.notify.send import send_letters
from inbox.reports import csv_file, keep, make
from inbox.reports.models import Export, ExportDownload
from inbox.reports.queries import narrowed
from inbox.reports.vocabulary import ExportState
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket, make_tickets
from tests.reports.conftest import ask, content, made

pytestmark = pytest.mark.django_db


def codes(export: Export) -> list[str]:
    return [row["code"] for row in csv.DictReader(io.StringIO(content(export).decode()))]


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "may", "why"),
    [
        (Role.OFFICER, False, "works tickets in the app; lists leave the house through whoever answers for the ward"),
        (Role.LEADER, True, "answers for the ward"),
        (Role.SUPERVISOR, True, "reviews and exports, says DOMAIN"),
        (Role.AUDITOR, True, "reads everything"),
        (Role.TRIAGE, False, "finds wards for tickets, answers for none"),
        (Role.ADMIN, False, "sees to sources and accounts, not to cases"),
    ],
)
def test_who_may_take_lists_out(ward: Unit, role: Role, may: bool, why: str) -> None:
    person = make_official(role, ward if role in {Role.OFFICER, Role.LEADER} else None)
    if may:
        assert ask(person).state == ExportState.WAITING, why
    else:
        with pytest.raises(NotAllowed):
            ask(person)
        assert not Export.objects.exists(), why


def test_leaders_get_their_ward_and_supervisors_the_city(
    ward: Unit, other_ward: Unit, portal: Source, leader: Official, supervisor: Official
) -> None:
    ours, theirs = make_ticket(ward, portal), make_ticket(other_ward, portal)

    assert codes(made(leader)) == [ours.code]
    assert codes(made(supervisor)) == [ours.code, theirs.code]
    assert codes(made(leader, unit=other_ward.code)) == [], "asking for another ward's finds nothing"


def test_a_ward_where_one_is_only_an_officer_stays_inside(
    ward: Unit, other_ward: Unit, portal: Source, leader: Official
) -> None:
    Membership.objects.create(official=leader, role=Role.OFFICER.value, unit=other_ward)
    ours, _theirs = make_ticket(ward, portal), make_ticket(other_ward, portal)

    assert codes(made(Official.objects.get(pk=leader.pk))) == [ours.code]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"file_format": "exe"}, "format"),
        ({"colour": "red"}, "colour"),
        ({"view": "x"}, "view"),
        ({"status": "x"}, "status"),
        ({"ordering": "received"}, "ordering"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(leader: Official, options: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(leader, **options)
    assert refused.value.field == field
    assert not Export.objects.exists()


def test_one_person_does_not_fill_the_queue(leader: Official) -> None:
    for _ in range(5):
        ask(leader)
    with pytest.raises(Invalid):
        ask(leader)
    assert Export.objects.count() == 5


def test_what_no_spreadsheet_holds_is_refused_at_once(
    ward: Unit, portal: Source, leader: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.reports.ask.MOST_ROWS", {"xlsx": 1, "csv": 10})
    make_tickets(2, unit=ward, source=portal)
    with pytest.raises(Invalid):
        ask(leader, "xlsx")
    assert ask(leader, "csv").total == 2


# --- Fetching --------------------------------------------------------------------------------------------------------


def test_every_fetching_is_written_down(leader: Official) -> None:
    export = made(leader)
    for _ in range(2):
        download = keep.fetch(export.key, actor=leader)
    assert download.name.startswith("phieu-lanh.dao-2") and download.name.endswith(".csv")
    assert [taken.official for taken in ExportDownload.objects.filter(export=export)] == [leader, leader]


def test_a_file_is_for_nobody_else(leader: Official, supervisor: Official, ward: Unit) -> None:
    export = made(leader)
    for stranger in (supervisor, make_official(Role.LEADER, ward)):
        with pytest.raises(NotFound):
            keep.fetch(export.key, actor=stranger)
        with pytest.raises(NotFound):
            keep.delete_export(export.key, actor=stranger)
    assert not ExportDownload.objects.exists()


def test_who_has_lost_the_right_gets_no_file_that_was_made_before(
    leader: Official, ward: Unit, other_ward: Unit
) -> None:
    """Asked at the door, each time anew: moved to another ward, made an officer, or gone."""
    export = made(leader)
    membership = leader.memberships.get()
    for role, unit, error in (
        (Role.LEADER, other_ward, NotFound),
        (Role.OFFICER, ward, NotAllowed),
    ):
        membership.role, membership.unit = role.value, unit
        membership.save()
        with pytest.raises(error):
            keep.fetch(export.key, actor=Official.objects.get(pk=leader.pk))
    Official.objects.filter(pk=leader.pk).update(is_active=False)
    with pytest.raises(NotAllowed):
        keep.fetch(export.key, actor=Official.objects.get(pk=leader.pk))
    assert not ExportDownload.objects.exists()


def test_a_job_of_somebody_who_lost_the_right_makes_nothing(leader: Official) -> None:
    export = ask(leader)
    leader.memberships.all().delete()
    make.make_waiting()
    export.refresh_from_db()
    assert (export.state, export.error_code) == ("failed", "not_allowed")


def test_files_are_gone_after_a_week(leader: Official) -> None:
    export = made(leader)
    path = filestore.path_of(export.content_hash, area="exports")
    assert export.expires_at is not None and path.exists()

    assert keep.expire(export.expires_at - timedelta(seconds=1)) == 0
    with pytest.raises(NotFound):
        keep.fetch(export.key, actor=leader, at=export.expires_at)
    assert keep.expire(export.expires_at) == 1

    export.refresh_from_db()
    assert export.state == ExportState.EXPIRED and not path.exists()


def test_deleting_takes_the_file_but_not_the_record(leader: Official) -> None:
    one, same = made(leader), made(leader)
    assert one.content_hash == same.content_hash
    path = filestore.path_of(one.content_hash, area="exports")

    keep.delete_export(one.key, actor=leader)
    assert path.exists(), "the other export has the same content"
    keep.delete_export(same.key, actor=leader)
    assert not path.exists()
    assert Export.objects.count() == 2


def test_what_is_not_ready_cannot_be_fetched(leader: Official) -> None:
    export = ask(leader)
    with pytest.raises(IllegalMove):
        keep.fetch(export.key, actor=leader)


def test_who_had_to_wait_is_told_once_by_letter(leader: Official, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Official.objects.filter(pk=leader.pk).update(email="lanhdao@example.vn")
    quick, slow = ask(leader), ask(leader)
    Export.objects.filter(pk=slow.pk).update(asked_at=slow.asked_at - timedelta(minutes=2))
    make.make_waiting()
    assert [letter.key for letter in Letter.objects.all()] == [f"export:{slow.key}"]
    assert send_letters(clock.now()) == 1
    assert "/exports/" in mail.outbox[0].body
    assert quick.pk != slow.pk


# --- Crashes ---------------------------------------------------------------------------------------------------------


class PowerCut(BaseException):
    """What kill -9 looks like to the code: nothing after it runs."""


def cut_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """The process dies in the middle of a batch, with half of it in the file and none of it stored."""
    real, count = csv_file.CsvFile.add, iter(range(1000))

    def add(self: csv_file.CsvFile, tickets: object) -> int:
        rows = real(self, tickets)  # type: ignore[arg-type]
        if next(count) == batches:
            self._file.write(b"half a li")
            self._file.flush()
            raise PowerCut
        return rows

    monkeypatch.setattr(csv_file.CsvFile, "add", add)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file.CsvFile, "batch", 3)


def test_a_killed_job_goes_on_where_it_stopped(
    ward: Unit, portal: Source, leader: Official, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = make_tickets(10, unit=ward, source=portal)
    export = ask(leader)
    with monkeypatch.context() as patched:
        cut_after(patched, 2)
        with pytest.raises(PowerCut):
            make.make_waiting()
    export.refresh_from_db()
    assert (export.state, export.rows, export.percent) == ("running", 6, 60)

    assert make.make_waiting() == 0, "its lease still runs: the worker may be alive"
    Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    written: list[int] = []
    real = csv_file.CsvFile.add
    monkeypatch.setattr(csv_file.CsvFile, "add", lambda self, rows: written.append(n := real(self, rows)) or n)
    assert make.make_waiting() == 1

    export.refresh_from_db()
    assert written == [3, 1], "what was there is not written again"
    assert codes(export) == [ticket.code for ticket in tickets]
    assert (export.rows, export.attempts, export.percent) == (10, 1, 100)


def test_a_killed_job_whose_draft_is_gone_begins_anew(
    ward: Unit, portal: Source, leader: Official, small_batches: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tickets = make_tickets(5, unit=ward, source=portal)
    export = ask(leader)
    with monkeypatch.context() as patched:
        cut_after(patched, 1)
        with pytest.raises(PowerCut):
            make.make_waiting()
    for draft in (tmp_path / "exports" / "drafts").iterdir():
        draft.unlink()
    Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    make.make_waiting()
    export.refresh_from_db()
    assert codes(export) == [ticket.code for ticket in tickets]


def test_a_spreadsheet_begins_anew(
    ward: Unit, portal: Source, leader: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inbox.reports.xlsx_file import XlsxFile

    make_tickets(3, unit=ward, source=portal)
    export = ask(leader, "xlsx")
    with monkeypatch.context() as patched:
        patched.setattr(XlsxFile, "add", lambda self, rows: (_ for _ in ()).throw(PowerCut()))
        with pytest.raises(PowerCut):
            make.make_waiting()
    Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert make.make_waiting() == 1
    export.refresh_from_db()
    assert (export.state, export.rows) == ("done", 3)


def test_a_slow_worker_that_lost_its_lease_stores_nothing(
    ward: Unit, portal: Source, leader: Official, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second worker takes over in the middle of the first one's batch."""
    tickets = make_tickets(7, unit=ward, source=portal)
    export = ask(leader)
    real = csv_file.CsvFile.add
    taken_over: list[int] = []

    def add(self: csv_file.CsvFile, rows: object) -> int:
        count = real(self, rows)  # type: ignore[arg-type]
        if not taken_over:
            taken_over.append(1)
            Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
            assert make.make_waiting() == 1
        return count

    monkeypatch.setattr(csv_file.CsvFile, "add", add)
    assert make.make_waiting() == 0
    export.refresh_from_db()
    assert export.state == "done" and codes(export) == [ticket.code for ticket in tickets]


def test_a_job_that_gets_on_is_never_given_up(
    ward: Unit, portal: Source, leader: Official, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after every single batch, nine times over."""
    tickets = make_tickets(30, unit=ward, source=portal)
    export = ask(leader)
    for _ in range(9):
        with monkeypatch.context() as patched:
            cut_after(patched, 1)
            with pytest.raises(PowerCut):
                make.make_waiting()
        Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    make.make_waiting()
    export.refresh_from_db()
    assert codes(export) == [ticket.code for ticket in tickets]


def test_a_job_that_kills_its_worker_is_given_up(leader: Official) -> None:
    export = ask(leader)
    Export.objects.update(attempts=5)
    make.make_waiting()
    export.refresh_from_db()
    assert (export.state, export.error_code) == ("failed", "gave_up")


def test_a_full_disk_is_said(leader: Official, monkeypatch: pytest.MonkeyPatch) -> None:
    export = ask(leader)

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(make, "opened", full)
    make.make_waiting()
    export.refresh_from_db()
    assert (export.state, export.error_code) == ("failed", "disk")


def test_a_deleted_job_stops(
    ward: Unit, portal: Source, leader: Official, small_batches: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_tickets(7, unit=ward, source=portal)
    export = ask(leader)
    real = csv_file.CsvFile.add

    def add(self: csv_file.CsvFile, rows: object) -> int:
        keep.delete_export(export.key, actor=leader)
        return real(self, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(csv_file.CsvFile, "add", add)
    assert make.make_waiting() == 0
    export.refresh_from_db()
    assert export.state == ExportState.DELETED
    assert not list((tmp_path / "exports" / "drafts").iterdir())


def test_drafts_that_nobody_writes_any_more_are_swept_away(leader: Official) -> None:
    draft = filestore.draft_of("f" * 32, area="exports")
    draft.write_bytes(b"left behind")
    keep.expire(clock.now())
    assert draft.exists(), "it may be a minute old"
    keep.expire(clock.now() + timedelta(days=2))
    assert not draft.exists()


def test_the_filters_are_an_allow_list(leader: Official) -> None:
    with pytest.raises(Invalid):
        narrowed(QueryDict("reporter__name=x"), official=leader, at=clock.now())
    assert not Ticket.objects.exists()
