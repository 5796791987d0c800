"""Taking a ticket that nobody has: exactly one person gets it."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.assign_ticket import assign_ticket
from inbox.actions.claim_ticket import claim_ticket
from inbox.actions.registry import possible_verbs
from inbox.core.errors import IllegalMove, InboxError, Invalid, NotAllowed
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import Verb
from tests.factories import make_official, make_ticket, make_unit


@pytest.mark.django_db
def test_what_nobody_has_can_be_taken_and_what_somebody_has_cannot() -> None:
    ward = make_unit()
    first, second = make_official(Role.OFFICER, ward), make_official(Role.OFFICER, ward)
    ticket = make_ticket(unit=ward)
    assert Verb.CLAIM in possible_verbs(ticket, first)

    claim_ticket(ticket.pk, actor=first)

    ticket.refresh_from_db()
    assert ticket.assignee == first and ticket.status == "new", "taking it is not accepting it"
    assert Verb.CLAIM not in possible_verbs(ticket, second)
    with pytest.raises(IllegalMove):
        claim_ticket(ticket.pk, actor=second)
    assert TicketEvent.objects.filter(kind="assigned").count() == 1
    assign_ticket(ticket.pk, actor=second, assignee=second)  # taking over knowingly is another act


@pytest.mark.django_db
def test_only_who_works_there_takes_it() -> None:
    ward = make_unit()
    ticket = make_ticket(unit=ward)
    with pytest.raises(NotAllowed):
        claim_ticket(ticket.pk, actor=make_official(Role.SUPERVISOR))
    elsewhere = make_official(Role.OFFICER, make_unit())
    Membership.objects.create(official=elsewhere, role=Role.SUPERVISOR)
    with pytest.raises((NotAllowed, Invalid)):
        claim_ticket(ticket.pk, actor=elsewhere)
    assert Ticket.objects.get().assignee is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("sqlite" in connection.vendor, reason="SQLite has one writer at a time anyway")
def test_of_many_at_the_same_moment_one_gets_it() -> None:
    ward = make_unit()
    people, ticket = [make_official(Role.OFFICER, ward) for _ in range(6)], make_ticket(unit=ward)
    start, got, refused = threading.Barrier(len(people)), [], []

    def claim(person: Official) -> None:
        try:
            start.wait(10)
            claim_ticket(ticket.pk, actor=person)
            got.append(person)
        except InboxError:
            refused.append(person)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(got) == 1 and len(refused) == 5
    assert Ticket.objects.get().assignee == got[0]
    assert TicketEvent.objects.filter(kind="assigned").count() == 1
