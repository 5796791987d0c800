"""Sending letters: claim, send outside any transaction, record. At most once after the other side may have taken it.

In the app everything is to be read anyway, so a letter whose fate is unknown is not sent again: nobody gets it twice.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apprise import Apprise
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from inbox.core import clock
from inbox.core.heartbeat import beat
from inbox.notify.digest import digest_of
from inbox.notify.models import Letter, Sending
from inbox.notify.queries import preference_of
from inbox.notify.vocabulary import DEADLINES, Channel, LetterKind, SendState
from inbox.notify.words import SOURCE_TROUBLE, sentence
from inbox.outbox.backoff import wait_before

#: Longer than one letter may take: who holds one after this has died.
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 8
BATCH = 200
#: A letter lists so many news; the app has the rest.
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Text:
    """A letter as it is read."""

    subject: str
    body: str


class _NotTaken(Exception):
    """The other side has certainly not taken the letter. `again`: it may take it later."""

    def __init__(self, problem: str, *, again: bool) -> None:
        super().__init__(problem)
        self.again = again


def send_letters(at: datetime) -> int:
    """Send what is due; returns how many letters went out."""
    _give_up_lost(at)
    sent = sum(_send(sending, at) for sending in _claimed(at))
    beat("send_letters", at)
    return sent


def _give_up_lost(at: datetime) -> None:
    """Whoever claimed these has died; they may have gone out."""
    Sending.objects.filter(state=SendState.SENDING, lease_until__lte=at).update(state=SendState.UNKNOWN)


def _claimed(at: datetime) -> Iterator[Sending]:
    due = Sending.objects.filter(state=SendState.WAITING, next_attempt_at__lte=at).order_by("next_attempt_at", "pk")
    for sending in due.select_related("letter__official")[:BATCH]:
        claimed = Sending.objects.filter(pk=sending.pk, state=SendState.WAITING, attempts=sending.attempts).update(
            state=SendState.SENDING, attempts=F("attempts") + 1, lease_until=clock.now() + LEASE
        )
        if claimed:
            sending.attempts += 1
            yield sending


def _send(sending: Sending, at: datetime) -> bool:
    letter = sending.letter
    preference = preference_of(letter.official)
    with override(preference.language or settings.LANGUAGE_CODE):
        text = text_of(letter, at=at)
    if text is None:
        return _note(sending, SendState.DROPPED)
    try:
        if sending.channel == Channel.EMAIL:
            _by_email(letter.official.email, text)
        else:
            _by_other_channel(preference.other_channel, text)
    except _NotTaken as error:
        if error.again and sending.attempts < MOST_ATTEMPTS:
            return _note(sending, SendState.WAITING, str(error))
        return _note(sending, SendState.FAILED, str(error))
    except (OSError, smtplib.SMTPException) as error:
        return _note(sending, SendState.UNKNOWN, type(error).__name__)
    return _note(sending, SendState.SENT)


def _note(sending: Sending, state: SendState, problem: str = "") -> bool:
    """Write down what became of it, if it is still ours; says whether it was sent."""
    now = clock.now()
    Sending.objects.filter(pk=sending.pk, state=SendState.SENDING, attempts=sending.attempts).update(
        state=state,
        problem=problem[:300],
        lease_until=None,
        sent_at=now if state is SendState.SENT else None,
        next_attempt_at=now + wait_before(sending.attempts + 1),
    )
    return state is SendState.SENT


def _by_email(address: str, text: Text) -> None:
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise _NotTaken(type(error).__name__, again=True) from error
    try:
        EmailMessage(text.subject, text.body, to=[address], connection=connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        code = max(code for code, _said in error.recipients.values())
        raise _NotTaken(f"recipient refused: {code}", again=code < 500) from error
    except smtplib.SMTPResponseException as error:
        raise _NotTaken(f"refused: {error.smtp_code}", again=400 <= error.smtp_code < 500) from error
    finally:
        connection.close()


def _by_other_channel(address: str, text: Text) -> None:
    """Through the notification library, which says only whether it worked."""
    if address.partition("://")[0] not in settings.NOTIFY_SCHEMES:
        raise _NotTaken("this kind of channel is not allowed here", again=False)
    library = Apprise()
    if not library.add(address) or not library.notify(title=text.subject, body=text.body):
        raise _NotTaken("the channel did not take it", again=True)


# --- What letters say -------------------------------------------------------------------------------------------------


def text_of(letter: Letter, *, at: datetime) -> Text | None:
    """The letter in the active language; None when nothing in it matters any more."""
    if letter.kind == LetterKind.REPORT:
        return _report(letter)
    if letter.kind == LetterKind.SOURCE:
        return _source(letter)
    return _digest(letter, at) if letter.kind == LetterKind.DIGEST else _notices(letter)


def _notices(letter: Letter) -> Text | None:
    """Only what is still unread, and of tickets that this person may still see."""
    news = letter.notifications.filter(read_at=None).exclude(kind__in=DEADLINES, ticket__is_open=False)
    rows = list(news.visible_to(letter.official).select_related("event__actor", "ticket").order_by("-pk"))
    if not rows:
        return None
    lines = [
        {"code": row.ticket.code, "sentence": sentence(row), "address": _address("ticket", code=row.ticket.code)}
        for row in rows[:MOST_LINES]
    ]
    first, more = lines[0], len(rows) - 1
    subject = f"{first['code']}: {first['sentence']}"
    if more:
        subject += " " + ngettext("(and %(count)d more)", "(and %(count)d more)", more) % {"count": more}
    context = {"lines": lines, "more": max(0, len(rows) - MOST_LINES), "address": _address("notifications")}
    return Text(subject, render_to_string("mail/notices.txt", context))


def _digest(letter: Letter, at: datetime) -> Text | None:
    digest = digest_of(letter.official, at=at)
    if digest.is_empty:
        return None
    subject = _("%(unit)s this morning: %(overdue)d overdue, %(today)d due today") % {
        "unit": ", ".join(digest.units),
        "overdue": digest.overdue,
        "today": digest.due_today,
    }
    pressing = [(ticket, _address("ticket", code=ticket.code)) for ticket in digest.pressing]
    context = {"digest": digest, "pressing": pressing, "now": at, "address": _address("inbox")}
    return Text(subject, render_to_string("mail/digest.txt", context))


def _report(letter: Letter) -> Text:
    """That a file waits in the app. It is not attached: who may have it is asked when it is fetched."""
    data = letter.data
    subject = data.get("title") or _("Your file is ready to download")
    return Text(
        subject, render_to_string("mail/report.txt", {"data": data, "address": settings.BASE_URL + data["path"]})
    )


def _source(letter: Letter) -> Text:
    """That a source is in trouble. What it means and what to do says the page: it knows how things stand by then."""
    data = letter.data
    since = timezone.localtime(datetime.fromisoformat(data["since"]))
    what = str(SOURCE_TROUBLE.get(data["why"], SOURCE_TROUBLE["down"]))
    subject = what % {"source": data["label"], "time": f"{since:%H:%M %d/%m}"}
    context = {"sentence": subject, "code": data["code"], "address": settings.BASE_URL + data["path"]}
    return Text(subject, render_to_string("mail/source.txt", context))


def _address(name: str, **kwargs: str) -> str:
    return settings.BASE_URL + reverse(name, kwargs=kwargs or None)
