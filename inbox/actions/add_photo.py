"""Keep a photo or file that an official has added: checked like those of citizens, and sent with an answer or not."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import locked_ticket, require
from inbox.core import clock, filecheck, filestore
from inbox.core.errors import Invalid
from inbox.tickets.events import NewEvent, record
from inbox.tickets.models import Attachment
from inbox.tickets.vocabulary import EventKind, FileOrigin, FileState, PhotoStage

MOST_FILES = 30  # of officials, on one ticket
_REASONS = {
    "empty": "This file is empty",
    "too_large": "This file is too large (at most 20 MB)",
    "damaged": "This file is damaged",
}


def add_photo(
    ticket_id: int,
    *,
    actor: Official,
    content: bytes,
    name: str,
    stage: PhotoStage = PhotoStage.AFTER,
    at: datetime | None = None,
) -> Attachment:
    """The file, stored; the same one twice is one. Raises NotFound, NotAllowed, Invalid; OSError from the disk.

    Images are drawn anew, so where and when a phone took them stays with the phone.
    """
    try:
        media_type, kept = filecheck.checked(content)
    except filecheck.Refused as refusal:
        raise Invalid(_REASONS.get(refusal.code, "Files of this kind are not kept"), field="photos") from refusal
    digest = filestore.keep(kept)
    at = at or clock.now()
    with transaction.atomic():
        ticket = locked_ticket(ticket_id, actor=actor)
        require(actor, Permission.WORK_TICKET, ticket=ticket)
        mine = Attachment.objects.filter(ticket=ticket, origin=FileOrigin.OFFICIAL)
        known: Attachment | None = mine.filter(url=_url(digest)).first()
        if known is not None:
            return known
        if mine.count() >= MOST_FILES:
            raise Invalid("There are enough files on this ticket", field="photos")
        row: Attachment = Attachment.objects.create(
            ticket=ticket,
            source_id=ticket.source_id,
            name=_name(name, media_type),
            url=_url(digest),
            media_type=media_type,
            added_at=at,
            state=FileState.STORED,
            content_hash=digest,
            content_type=media_type,
            size=len(kept),
            origin=FileOrigin.OFFICIAL,
            stage=stage if media_type.startswith("image/") else "",
            added_by=actor,
        )
        data = {"attachment": row.pk, "stage": row.stage, "hash": digest}
        record(NewEvent(ticket.pk, EventKind.PHOTO_ADDED, at, data, actor_id=actor.pk))
    return row


def _url(digest: str) -> str:
    """Not an address: what makes a file of ours unique on its ticket."""
    return f"official:{digest}"


def _name(name: str, media_type: str) -> str:
    """The name without a path, with the ending of what it is: a HEIC or PNG may have become a JPEG."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].replace("\x00", "").strip()[:200] or "file"
    ending = {"image/jpeg": ".jpg", "image/png": ".png"}.get(media_type)
    return f"{stem.rsplit('.', 1)[0] or 'file'}{ending}" if ending else stem
