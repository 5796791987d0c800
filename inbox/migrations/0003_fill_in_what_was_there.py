"""Give the rows of the first release what later code expects of them: links of history, salts of texts, levels of
policies, late dates, and what names and answers are found by.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.db import migrations
from django.db.models import F

from inbox.core.fields import name_hash
from inbox.core.text import search_key
from inbox.tickets import chain

BATCH = 2000
LONGEST_ANSWERS = 20_000
LEVELS = (("warn", "officer"), ("due", "officer"), ("due", "leader"), ("late", "supervisor"))


def chain_histories(apps: Any, schema_editor: Any) -> None:
    """In order of ticket and key, so that only the end of one chain has to be remembered."""
    Event, Head = apps.get_model("inbox", "TicketEvent"), apps.get_model("inbox", "ChainHead")
    Message = apps.get_model("inbox", "Message")
    at, end = (0, 0), None
    while rows := _next(Event, *at):
        texts = {message.event_id: message for message in Message.objects.filter(event__in=rows)}
        heads = {}
        for row in rows:
            if end is None or end.ticket_id != row.ticket_id:
                end = Head(ticket_id=row.ticket_id, sequence=0, hash=chain.GENESIS)
            if text := texts.get(row.pk):
                text.salt = secrets.token_hex(16)
                row.message_hash = chain.text_hash(text.salt, text.kind, text.body)
            row.sequence = end.sequence + 1
            row.hash = chain.linked(end.hash, _content(row))
            end.sequence, end.hash = row.sequence, row.hash
            heads[end.ticket_id] = end
        Message.objects.bulk_update(texts.values(), ["salt"], batch_size=200)
        Event.objects.bulk_update(rows, ["sequence", "hash", "message_hash"], batch_size=200)
        Head.objects.bulk_create(
            heads.values(), update_conflicts=True, unique_fields=["ticket"], update_fields=["sequence", "hash"]
        )
        at = (rows[-1].ticket_id, rows[-1].pk)


def _next(Event: Any, ticket: int, pk: int) -> list[Any]:
    rest = list(Event.objects.filter(ticket=ticket, pk__gt=pk).order_by("pk")[:BATCH])
    return rest or list(Event.objects.filter(ticket__gt=ticket).order_by("ticket", "pk")[:BATCH])


def _content(row: Any) -> dict[str, Any]:
    return chain.event_content(
        ticket_id=row.ticket_id,
        sequence=row.sequence,
        kind=row.kind,
        at=row.at,
        actor_id=row.actor_id,
        source_id=row.source_id,
        data=row.data,
        message_hash=row.message_hash,
    )


def add_late_dates(apps: Any, schema_editor: Any) -> None:
    """A day after the due date; `recalculate_sla` puts them to the hour, by the calendar."""
    apps.get_model("inbox", "SlaClock").objects.update(late_at=F("due_at") + timedelta(days=1))


def add_levels(apps: Any, schema_editor: Any) -> None:
    Policy, Level = apps.get_model("inbox", "SlaPolicy"), apps.get_model("inbox", "PolicyLevel")
    Level.objects.bulk_create(
        Level(policy=policy, level=level, tells=tells)
        for policy in Policy.objects.filter(levels__isnull=True)
        for level, tells in LEVELS
    )


def hash_names(apps: Any, schema_editor: Any) -> None:
    Reporter = apps.get_model("inbox", "Reporter")
    last = 0
    while rows := list(Reporter.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        for row in rows:
            row.name_hash = name_hash(row.name)
        Reporter.objects.bulk_update(rows, ["name_hash"], batch_size=200)
        last = rows[-1].pk


def fold_answers(apps: Any, schema_editor: Any) -> None:
    Message, Ticket = apps.get_model("inbox", "Message"), apps.get_model("inbox", "Ticket")
    last = 0
    while keys := list(
        Message.objects.filter(kind="reply", ticket__gt=last)
        .order_by("ticket")
        .values_list("ticket", flat=True)
        .distinct()[:BATCH]
    ):
        answers: dict[int, str] = dict.fromkeys(keys, "")
        replies = Message.objects.filter(kind="reply", ticket__in=keys).order_by("pk")
        for ticket, body in replies.values_list("ticket", "body"):
            answers[ticket] = f"{answers[ticket]} {search_key(body)}".strip()[-LONGEST_ANSWERS:]
        tickets = [Ticket(pk=pk, answer_key=text) for pk, text in answers.items()]
        Ticket.objects.bulk_update(tickets, ["answer_key"], batch_size=200)
        last = keys[-1]


class Migration(migrations.Migration):
    dependencies = [("inbox", "0002_desk_clock_delivery_and_figures")]

    operations = [
        migrations.RunPython(chain_histories, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(add_levels, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(add_late_dates, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(hash_names, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fold_answers, migrations.RunPython.noop, elidable=True),
    ]
