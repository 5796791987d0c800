"""Writing to a citizen: drafts on the server, ready-made replies, a preview, photos that go along."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock, filestore
from inbox.desk.models import CannedReply, Draft
from inbox.outbox.models import OutboxFile, OutboxMessage
from inbox.sources.models import Source
from inbox.sources.vocabulary import Health
from inbox.tickets.models import Attachment, Message, Ticket, TicketEvent
from inbox.tickets.vocabulary import Status
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket
from tests.intake.test_files import with_home_address
from tests.web.conftest import HTMX

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def own_media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ticket(ward: Unit, portal: Source) -> Ticket:
    return make_ticket(unit=ward, source=portal, status=Status.IN_PROGRESS)


def upload(content: bytes, name: str = "anh.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def test_a_draft_is_kept_shown_again_and_gone_once_sent(browser: Browser, officer: Official, ticket: Ticket) -> None:
    client, other = browser(officer), browser(make_official(Role.OFFICER, ticket.unit))
    answer = client.post(f"/tickets/{ticket.code}/drafts/resolve/", {"text": "Đã dọn một nửa"})

    assert answer.status_code == 200 and "nháp" in answer.content.decode()
    form = f"/tickets/{ticket.code}/resolve/"
    assert "Đã dọn một nửa" in client.get(form, headers=HTMX).content.decode()
    assert "Đã dọn một nửa" not in other.get(form, headers=HTMX).content.decode(), "a draft is one's own"
    client.post(form, {"text": "Đã dọn xong", "version": ticket.version})
    assert not Draft.objects.exists()


def test_an_empty_draft_is_none(browser: Browser, officer: Official, ticket: Ticket) -> None:
    client = browser(officer)
    for text in ("a", " "):
        client.post(f"/tickets/{ticket.code}/drafts/reply/", {"text": text})
    assert not Draft.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_ready_made_reply_is_put_in_with_its_words(
    browser: Browser, officer: Official, ticket: Ticket, headers: dict[str, str]
) -> None:
    reply = CannedReply.objects.create(
        title="Mẫu", body="Kính gửi {citizen}, phiếu {code} của {unit}.", changed_at=clock.now()
    )
    answer = browser(officer).post(
        f"/tickets/{ticket.code}/compose/resolve/",
        {"text": "Đã có sẵn.", "canned": reply.pk, "version": ticket.version},
        headers=headers,
    )

    page = answer.content.decode()
    assert "Đã có sẵn." in page and f"Kính gửi Lê T. T. H., phiếu {ticket.code} của {ticket.unit.name}." in page
    reply.refresh_from_db()
    assert reply.uses == 1 and Draft.objects.get().text.startswith("Đã có sẵn.")
    assert not Message.objects.exists() and not OutboxMessage.objects.exists(), "nothing is done yet"


def test_a_reply_of_another_unit_is_not_put_in(
    browser: Browser, officer: Official, ticket: Ticket, other_ward: Unit
) -> None:
    reply = CannedReply.objects.create(title="Mẫu", body="Bí mật", unit=other_ward, changed_at=clock.now())
    answer = browser(officer).post(f"/tickets/{ticket.code}/compose/resolve/", {"text": "a", "canned": reply.pk})
    assert "Bí mật" not in answer.content.decode()


def test_the_preview_says_where_it_goes_and_what_a_broken_source_means(
    browser: Browser, officer: Official, ticket: Ticket, portal: Source
) -> None:
    Source.objects.filter(pk=portal.pk).update(health=Health.DOWN, health_since=clock.now())
    answer = browser(officer).post(
        f"/tickets/{ticket.code}/compose/reply/", {"text": "Đang <b>làm</b>", "preview": "1"}, headers=HTMX
    )

    page = answer.content.decode()
    assert 'id="cz-h"' in page and "Đang &lt;b&gt;làm&lt;/b&gt;" in page
    assert portal.label in page and "gián đoạn" in page and "bằng chứng" in page
    assert not Message.objects.exists()


def test_a_photo_goes_with_the_answer_without_where_it_was_taken(
    browser: Browser, officer: Official, ticket: Ticket
) -> None:
    client = browser(officer)
    client.post(f"/tickets/{ticket.code}/photos/", {"photos": upload(with_home_address()), "stage": "before"})
    before = Attachment.objects.get()
    client.post(
        f"/tickets/{ticket.code}/resolve/",
        {"text": "Đã xong", "version": ticket.version, "files": [before.pk], "photos": upload(_png(), "sau.png")},
    )

    event = TicketEvent.objects.get(kind="resolved")
    files = list(Attachment.objects.order_by("pk"))
    assert [(f.origin, f.stage, f.event, f.added_by) for f in files] == [
        ("official", "before", event, officer),
        ("official", "after", event, officer),
    ]
    kept = Image.open(filestore.path_of(before.content_hash))
    assert not kept.getexif(), "a phone's place and owner stay with the phone"
    sent = OutboxFile.objects.filter(message__event=event)
    assert {f.content_hash for f in sent} == {f.content_hash for f in files}
    page = client.get(f"/tickets/{ticket.code}/").content.decode()
    assert "Trước" in page and "Sau" in page


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "Tệp trống"), (b"<svg onload=alert(1)>", "Không nhận loại tệp này"), (b"\xff\xd8\xff\xe0", "Tệp bị hỏng")],
    ids=["empty", "not a picture", "broken"],
)
def test_a_file_that_is_not_kept_says_why_and_the_text_stays(
    browser: Browser, officer: Official, ticket: Ticket, content: bytes, words: str
) -> None:
    answer = browser(officer).post(
        f"/tickets/{ticket.code}/resolve/",
        {"text": "Đã xong", "version": ticket.version, "photos": upload(content)},
    )

    page = answer.content.decode()
    assert answer.status_code == 422 and words in page and "Đã xong" in page
    assert not Attachment.objects.exists() and not Message.objects.exists()


def test_a_file_goes_out_once_and_only_from_its_own_ticket(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit
) -> None:
    client, other = browser(officer), make_ticket(unit=ward, status=Status.IN_PROGRESS)
    client.post(f"/tickets/{other.code}/photos/", {"photos": upload(_png())})
    foreign = Attachment.objects.get()

    answer = client.post(
        f"/tickets/{ticket.code}/reply/", {"text": "a", "version": ticket.version, "files": [foreign.pk]}
    )

    assert answer.status_code == 422 and not Message.objects.exists()


def _png() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "green").save(drawn, "PNG")
    return drawn.getvalue()


def test_one_is_told_that_sending_can_be_undone_and_only_where_it_can(
    browser: Browser, officer: Official, ticket: Ticket
) -> None:
    client, address = browser(officer), f"/tickets/{ticket.code}/resolve/"
    assert "Hoàn tác được trong 10 giây" in client.get(address).content.decode()
    make_ticket(unit=ticket.unit, main=ticket, status=Status.RESOLVED)
    assert "Hoàn tác được" not in client.get(address).content.decode(), "what also goes to linked tickets is final"
