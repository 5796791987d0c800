"""Two wards with everything that can hang on a ticket, and one person of each kind."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest
from django.apps import apps

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.evidence.collect import collect
from inbox.evidence.models import EvidenceRecord
from inbox.outbox.models import DeliveryAttempt, Difference, OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sla.models import SlaPolicy
from inbox.sla.seed import load_calendars, load_policies
from inbox.sources.models import InboundPayload, Source
from inbox.sources.vocabulary import PayloadState
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.access.routes import Things
from tests.city import Rows, put_back, rows_of
from tests.factories import make_attachment, make_official, make_source, make_ticket, make_unit

_number = count(1)


def things_in(ward: Unit, source: Source) -> Things:
    """A ticket of the ward with a file, a given-up message and the record of that; its words occur nowhere else."""
    ticket = make_ticket(ward, source, title=f"Bimat{ward.pk}tieude", text=f"Bimat{ward.pk}noidung")
    now = clock.now()
    delivery = OutboxMessage.objects.create(
        ticket=ticket,
        ref=ticket.refs.get(),
        source=source,
        event=ticket.events.earliest("pk"),
        action="accept",
        author="A",
        done_at=now,
        key=f"key-{ticket.pk}",
        state=DeliveryState.DEAD,
        next_attempt_at=now,
        created_at=now,
        deadline_at=now + timedelta(hours=1),
    )
    DeliveryAttempt.objects.create(
        message=delivery, number=1, kind="send", started_at=now, finished_at=now, outcome="refused", error_code="gone"
    )
    collect(at=now, ticket_id=ticket.pk)
    record = EvidenceRecord.objects.get(ticket=ticket)
    return Things(
        code=ticket.code,
        attachment=make_attachment(ticket, f"https://example.com/bimat{ward.pk}.jpg").pk,
        delivery=delivery.pk,
        slug=source.slug,
        payload=make_payload(source).pk,
        number=record.number,
        digest=record.latest.hash,
        policy=SlaPolicy.objects.earliest("pk").pk,
        difference=make_difference(ticket).pk,
    )


def make_difference(ticket: Ticket) -> Difference:
    now = clock.now()
    return Difference.objects.create(
        source=ticket.source,
        external_id=ticket.refs.get().external_id,
        ticket=ticket,
        kind="answered_there",
        found_by="reading",
        found_at=now,
        seen_at=now,
        ours={"status": "new"},
        theirs={"status": "resolved"},
    )


def make_payload(source: Source) -> InboundPayload:
    number = next(_number)
    return InboundPayload.objects.create(
        source=source,
        external_id=f"P-{number}",
        content_hash=f"{number}",
        body={"phone": "0903111227"},
        received_at=clock.now(),
        state=PayloadState.REJECTED,
        reason_code="missing_field",
    )


@dataclass
class City:
    """`home` holds the things that some may see; people are named by what they are to the home ward."""

    ward: Unit
    elsewhere: Unit
    source: Source
    home: Things
    away: Things
    people: dict[str, Official]

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.with_code(self.home.code).get()


#: Who must not learn that the home ward's ticket exists.
OUTSIDERS = ("other officer", "other leader", "triage", "nobody")
#: Who sees it but must not touch it.
ONLOOKERS = ("auditor", "supervisor", "admin")
INSIDERS = ("own officer", "own leader")


_built: list[tuple[City, Rows]] = []


@pytest.fixture
def city(db: None) -> City:
    """Built once per process, then put back as rows: hundreds of tests want it."""
    if _built:
        put_back(_built[0][1])
    else:
        _built.append((_build(), rows_of(apps.get_app_config("inbox").get_models(include_auto_created=True))))
    return copy.deepcopy(_built[0][0])


def _build() -> City:
    load_calendars()
    load_policies()
    ward, elsewhere, source = make_unit(), make_unit(), make_source("gopy-thu")
    without_role = make_official(Role.OFFICER, ward)
    without_role.memberships.all().delete()
    return City(
        ward=ward,
        elsewhere=elsewhere,
        source=source,
        home=things_in(ward, source),
        away=things_in(elsewhere, source),
        people={
            "own officer": make_official(Role.OFFICER, ward),
            "own leader": make_official(Role.LEADER, ward),
            "other officer": make_official(Role.OFFICER, elsewhere),
            "other leader": make_official(Role.LEADER, elsewhere),
            "triage": make_official(Role.TRIAGE),
            "supervisor": make_official(Role.SUPERVISOR),
            "auditor": make_official(Role.AUDITOR),
            "admin": make_official(Role.ADMIN),
            "nobody": without_role,
        },
    )
