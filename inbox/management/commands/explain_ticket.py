"""Tell the whole story of one ticket: where it came from, how it was routed, why its deadlines, what was sent."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import override

from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.sla import words
from inbox.sla.explain import ClockExplanation, explain
from inbox.tickets.models import Ticket


class Command(BaseCommand):
    help = "Where a ticket came from, how it was routed, why its deadlines are what they are, what was sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="PA-000123")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        ticket = Ticket.objects.with_code(options["code"]).select_related("source", "unit").first()
        if ticket is None:
            raise CommandError(f"No ticket {options['code']!r}")
        with override("en"):
            facts = story(ticket)
        self.report(facts, as_json=options["json"], text=_text(facts))


def story(ticket: Ticket) -> dict[str, Any]:
    """The facts, without any personal data."""
    explained = explain(ticket, at=clock.now())
    return {
        "code": ticket.code,
        "status": ticket.status,
        "came_from": [
            {"source": ref.source.slug, "external_id": ref.external_id, "first_seen_at": ref.first_seen_at}
            for ref in ticket.refs.select_related("source")
        ],
        "sent_at": ticket.sent_at,
        "received_at": ticket.received_at,
        "remarks": ticket.remarks,
        "routing": {
            "unit": ticket.unit.name if ticket.unit else None,
            "method": ticket.routing_method,
            "confidence": ticket.routing_confidence,
            "reason": ticket.routing_reason,
            "candidates": ticket.routing_candidates,
        },
        "source_due_at": ticket.source_due_at,
        "next_due_at": ticket.next_due_at,
        "clocks": [_clock(one) for one in explained.clocks],
        "deadlines": words.sentences(explained),
        "sent": [
            {
                "source": message.source.slug,
                "action": message.action,
                "state": message.state,
                "reason": message.reason_code,
                "attempts": message.attempts_made,
                "delivered_at": message.delivered_at,
            }
            for message in ticket.outbox.select_related("source")
        ],
    }


def _clock(one: ClockExplanation) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "round": one.round,
        "state": one.state,
        "policy": f"{one.policy} v{one.policy_version}, from {one.policy_valid_from}",
        "target": f"{one.target_amount} {one.target_unit}",
        "calendar": one.calendar,
        "started_at": one.started_at,
        "due_at": one.due_at,
        "met_at": one.met_at,
        "counted": str(one.total),
        "days": [
            {
                "date": day.date,
                "counted": str(day.counted),
                "paused": str(day.paused),
                "note": day.note,
                "to_be_confirmed": day.to_be_confirmed,
            }
            for day in one.days
        ],
    }


def _local(value: Any) -> str:
    return f"{timezone.localtime(value):%d/%m/%Y %H:%M:%S}" if value else "-"


def _text(facts: dict[str, Any]) -> str:
    routing = facts["routing"]
    lines = [f"{facts['code']}, {facts['status']}", "Came from:"]
    lines += [
        f"  {ref['source']} as {ref['external_id']}, first seen {_local(ref['first_seen_at'])}"
        for ref in facts["came_from"]
    ]
    lines.append(f"  sent {_local(facts['sent_at'])}, received {_local(facts['received_at'])}")
    lines.append(f"Routed to {routing['unit'] or 'nobody yet (triage)'} by {routing['method']}: {routing['reason']}")
    lines.append(f"Next deadline {_local(facts['next_due_at'])}; the source's own {_local(facts['source_due_at'])}")
    lines += [f"  {sentence}" for sentence in facts["deadlines"]]
    lines.append("Sent to sources:" if facts["sent"] else "Nothing was sent to a source yet")
    lines += [
        f"  {sent['source']}: {sent['action']} {sent['state']} {sent['reason']} after {sent['attempts']} attempts"
        for sent in facts["sent"]
    ]
    return "\n".join(lines)
