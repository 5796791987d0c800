"""Spreadsheets from the folder to the ticket and back, with the commands an operator uses."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.outbox.dispatch import dispatch
from inbox.sources.models import InboundPayload, Source
from inbox.sources.vocabulary import Health, PayloadState
from inbox.tickets.models import Ticket
from tests.connectors.drops import complaint, csv_of, drop, running_sftp
from tests.factories import make_official

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


def said(*words: str) -> str:
    text = io.StringIO()
    call_command(*words, stdout=text)
    return text.getvalue()


def counts(text: str) -> tuple[int, int, int, int]:
    facts = json.loads(text)
    return facts["created"], facts["updated"], facts["unchanged"], facts["rejected"]


def test_a_folder_is_set_up_checked_and_read_with_three_commands(tmp_path: Path) -> None:
    said("add_source", "app-xuat", "--connector", "file_drop", "--set", f"path={tmp_path}")
    drop(tmp_path, "ngay-1.csv", csv_of([complaint(1), complaint(2, **{"Ngày gửi": "hôm qua"}), complaint(3)]))
    assert "1 files wait" in said("check_source", "app-xuat")
    assert counts(said("sync_source", "app-xuat", "--json")) == (2, 0, 0, 1)
    (bad,) = InboundPayload.objects.filter(state=PayloadState.REJECTED)
    assert (bad.reason_code, bad.reason_field, bad.external_id) == ("bad_date", "Ngày gửi", "PA-0002")
    assert "ngay-1.csv, line 3" in bad.reason_detail
    assert {ticket.unit.name for ticket in Ticket.objects.all() if ticket.unit} == {"Phường Bình Thạnh"}
    drop(tmp_path, "ngay-2.csv", csv_of([complaint(1), complaint(2), complaint(3)]))
    assert counts(said("sync_source", "app-xuat", "--json")) == (1, 0, 2, 0)
    bad.refresh_from_db()
    assert bad.state == PayloadState.SUPERSEDED, "the row came again, mended"
    assert counts(said("sync_source", "app-xuat", "--full", "--json")) == (0, 0, 3, 0), "a full read writes nothing"


def test_an_answer_goes_back_as_a_file_of_the_same_shape(tmp_path: Path) -> None:
    said("add_source", "app-xuat", "--connector", "file_drop", "--set", f"path={tmp_path}")
    drop(tmp_path, "ngay-1.csv", csv_of([complaint(1), complaint(2)]))
    said("sync_source", "app-xuat")
    ticket = Ticket.objects.get(refs__external_id="PA-0001")
    officer = make_official(Role.OFFICER, ticket.unit)
    ticket = accept_ticket(ticket.pk, actor=officer, version=ticket.version)
    resolve_ticket(ticket.pk, actor=officer, version=ticket.version, text="Đã thay bóng đèn.")
    assert dispatch(at=clock.now() + timedelta(seconds=1))["delivered"] == 2
    done = [one for one in (tmp_path / "outbox").iterdir() if "Đã thay bóng" in one.read_text("utf-8")]
    header, row = csv.reader(io.StringIO(done[0].read_text("utf-8")), delimiter=";")
    answered = dict(zip(header, row, strict=True))
    assert (answered["Mã phản ánh"], answered["Trạng thái"]) == ("PA-0001", "Đã xử lý")
    assert answered["Nội dung phản ánh"].startswith("Đèn đường số 1")


def test_a_folder_that_is_away_needs_a_person_and_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    said("add_source", "app-xuat", "--connector", "file_drop", "--set", f"path={folder}")
    folder.rmdir()
    with pytest.raises(CommandError, match="no_folder"):
        said("sync_source", "app-xuat")
    source = Source.objects.get()
    assert (source.health, source.last_error_code) == (Health.NEEDS_PERSON, "no_folder")


def test_the_same_over_sftp(tmp_path: Path) -> None:
    with running_sftp(tmp_path) as server:
        path = f"path=sftp://127.0.0.1:{server.port}/"
        sets = ("--set", path, "--set", "username=app", "--set", "password=mot-moi-sftp")
        said("add_source", "app-xuat", "--connector", "file_drop", *sets, "--set", f"host_key={server.fingerprint}")
        drop(tmp_path, "ngay-1.csv", csv_of([complaint(n) for n in range(5)]))
        assert counts(said("sync_source", "app-xuat", "--json")) == (5, 0, 0, 0)
        assert counts(said("sync_source", "app-xuat", "--json")) == (0, 0, 0, 0)
    assert "mot-moi-sftp" not in str(Source.objects.values("settings"))
