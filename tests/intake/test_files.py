"""Files of complaints: fetched from their source, believed by content only, drawn anew, served as nothing but files."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from PIL import Image

from connectors.errors import AuthError, ConnectorError, Permanent, Transient
from inbox.accounts.vocabulary import Role
from inbox.core import clock, filecheck
from inbox.intake import files
from inbox.intake.sync import sync_source
from inbox.management import demo
from inbox.sources.models import Source
from inbox.tickets.models import Attachment, Ticket
from inbox.units.models import Unit
from tests.factories import make_attachment, make_official, make_source, make_ticket
from tests.processes import HOTLINE, SYSTEMS, Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


@pytest.fixture(autouse=True)
def own_media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(kind: str = "JPEG", *, exif: bytes = b"", size: tuple[int, int] = (64, 48)) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", size, "orange").save(drawn, kind, **({"exif": exif} if exif else {}))
    return drawn.getvalue()


def with_home_address() -> bytes:
    """A photo that says where it was taken and by whom."""
    exif = Image.Exif()
    exif[0x010E] = "nhà ông Ba, 42/7 Đinh Bộ Lĩnh"
    exif[0x8825] = {1: "N", 2: (10.0, 48.0, 40.0)}
    return picture(exif=exif.tobytes())


def document(parts: dict[str, int]) -> bytes:
    """A Word document with these parts in it, each so many megabytes of nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
        for name, megabytes in parts.items():
            with archive.open(name, "w") as part:
                for _ in range(megabytes):
                    part.write(bytes(1024 * 1024))
    return packed.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that only claims its size: decoding it would take the memory of a small house."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"IDAT" + zlib.compress(b"\x00" * 64)
    parts = (struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (chunk, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def a_file(monkeypatch: pytest.MonkeyPatch, *answers: bytes | ConnectorError) -> Attachment:
    """An attachment that waits, of a source that gives `answers` one after the other."""
    given = list(answers)

    class OneFile:
        def download(self, url: str) -> bytes:
            answer = given.pop(0)
            if isinstance(answer, ConnectorError):
                raise answer
            return answer

    monkeypatch.setattr(files, "build_connector", lambda _: OneFile())
    ticket = make_ticket(unit=Unit.objects.get(code="26929"), source=make_source(connector="national_portal"))
    attachment: Attachment = make_attachment(ticket)
    Attachment.objects.filter(pk=attachment.pk).update(next_attempt_at=clock.now())
    return attachment


def officer_client() -> Client:
    client = Client()
    ward = Unit.objects.get(code="26929")
    client.force_login(make_official(Role.OFFICER, ward), backend="inbox.accounts.backends.OfficialBackend")
    return client


def fetch(attachment: Attachment) -> Attachment:
    files.fetch_due(clock.now())
    attachment.refresh_from_db()
    return attachment


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_pictures_are_kept_and_shown(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    attachment = fetch(a_file(monkeypatch, picture(kind)))
    assert attachment.is_image
    answer = officer_client().get(f"/tickets/{attachment.ticket.code}/attachments/{attachment.pk}/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == ("image/png" if kind == "PNG" else "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert Image.open(io.BytesIO(b"".join(answer.streaming_content))).size == (64, 48)  # type: ignore[attr-defined]


def test_where_a_photo_was_taken_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    original = with_home_address()
    assert Image.open(io.BytesIO(original)).getexif(), "the photo really said it"
    _, kept = filecheck.checked(original)
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert "Đinh Bộ Lĩnh".encode() not in kept


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"", "empty", "nothing there"),
        (b"MZ\x90\x00" + b"\x00" * 200, "type_not_allowed", "a program, whatever it is called"),
        (b"<html><script>alert(1)</script></html>", "type_not_allowed", "a page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "type_not_allowed", "a picture that runs"),
        (b"PK\x03\x04" + b"\x00" * 200, "type_not_allowed", "an archive"),
        (picture()[:200], "damaged", "cut off on the way"),
        (document({"word/media/a.bmp": 310}), "unpacks_too_large", "a bomb for whoever opens it"),
        (document({"word/vbaProject.bin": 0}), "type_not_allowed", "a document that runs"),
        (document({"word/embeddings/more.zip": 0}), "type_not_allowed", "an archive in the archive"),
        (document({})[:-30], "damaged", "half a document"),
        (png_of(50_000, 50_000), "too_large", "a pixel bomb"),
        (b"\xff\xd8\xff" + b"\x00" * (filecheck.LARGEST + 1), "too_large", "over the limit"),
    ],
)
def test_what_is_not_kept_says_why(monkeypatch: pytest.MonkeyPatch, content: bytes, code: str, why: str) -> None:
    attachment = fetch(a_file(monkeypatch, content))
    assert (attachment.state, attachment.reason_code) == ("refused", code), why
    page = officer_client().get(f"/tickets/{attachment.ticket.code}/attachments/{attachment.pk}/")
    assert page.status_code == 200
    assert "Không lưu bản sao" in page.content.decode()


def test_documents_are_saved_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = fetch(a_file(monkeypatch, b"%PDF-1.7\n" + b"x" * 100))
    answer = officer_client().get(f"/tickets/{attachment.ticket.code}/attachments/{attachment.pk}/")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_same_content_is_stored_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = fetch(a_file(monkeypatch, picture()))
    second = fetch(a_file(monkeypatch, picture()))
    assert first.content_hash == second.content_hash
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_source_that_is_away_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = fetch(a_file(monkeypatch, Transient("503", code="http_503"), picture()))
    assert (attachment.state, attachment.attempts_made) == ("waiting", 1)
    assert attachment.next_attempt_at is not None
    assert fetch(attachment).attempts_made == 1, "not before its time"
    Attachment.objects.filter(pk=attachment.pk).update(next_attempt_at=clock.now())
    assert fetch(attachment).state == "stored"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Permanent("gone", code="http_404"), "refused"),
        (Transient("away", code="http_503"), "refused"),
        (AuthError("no", code="wrong_password"), "waiting"),  # a person mends that, then it works
    ],
)
def test_giving_up_has_a_reason(monkeypatch: pytest.MonkeyPatch, error: ConnectorError, state: str) -> None:
    attachment = a_file(monkeypatch, error)
    Attachment.objects.update(attempts_made=files.MOST_ATTEMPTS - 1)
    attachment = fetch(attachment)
    assert (attachment.state, attachment.reason_code) == (state, error.code)


def test_a_full_disk_loses_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = a_file(monkeypatch, picture(), picture())

    def full(content: bytes) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files.filestore, "keep", full)
        assert fetch(attachment).state == "waiting"
    Attachment.objects.update(next_attempt_at=clock.now())
    assert fetch(attachment).state == "stored"


def test_a_copy_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A restored database without its files."""
    attachment = fetch(a_file(monkeypatch, picture()))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.unlink()
    page = officer_client().get(f"/tickets/{attachment.ticket.code}/attachments/{attachment.pk}/")
    assert page.status_code == 200
    assert "Chưa lấy được tệp" in page.content.decode()


def test_photos_of_three_sources_come_over_real_http(sandbox: Sandbox) -> None:
    demo.load_sources(sandbox.url)
    for source in Source.objects.all():
        sync_source(source)
    while files.fetch_due(clock.now()):
        pass
    for system in SYSTEMS:
        kept = Attachment.objects.filter(source__slug=system)
        assert kept.exists(), system
        assert set(kept.values_list("state", flat=True)) == {"stored"}, system


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("attachment_404", {"http_404"}),
        ("attachment_huge", {"too_large"}),
        ("attachment_wrong_type", {"type_not_allowed", "damaged"}),
        ("attachment_zip_bomb", {"type_not_allowed", "too_large", "bad_compression"}),
        ("attachment_redirect_private", {"redirect_refused", "private_address"}),
    ],
)
def test_hostile_files_are_refused_and_the_ticket_stays(sandbox: Sandbox, kind: str, codes: set[str]) -> None:
    demo.load_sources(sandbox.url)
    source = Source.objects.get(slug=HOTLINE)
    sync_source(source)
    tickets = Ticket.objects.count()
    Attachment.objects.exclude(pk=Attachment.objects.order_by("pk").values("pk")[:1]).delete()
    sandbox.fault(HOTLINE, kind=kind)
    files.fetch_due(clock.now())
    attachment = Attachment.objects.get()
    assert (attachment.state, attachment.reason_code in codes) == ("refused", True), attachment.reason_code
    assert Ticket.objects.count() == tickets
