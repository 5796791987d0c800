"""What lies on one person's desk is theirs: nobody else undoes, continues, opens or deletes it."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import Client

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.registry import perform_undoably
from inbox.actions.save_view import save_view
from inbox.bulk.jobs import start_job
from inbox.bulk.models import BulkItem, BulkJob
from inbox.desk.models import SavedView, UndoStep
from inbox.tickets.vocabulary import Verb
from tests.access.conftest import City
from tests.factories import make_official


def client_of(official: Official) -> Client:
    client = Client()
    client.force_login(official)
    return client


def params(query: str) -> QueryDict:
    return QueryDict(query)


OTHERS = ("own leader", "other officer", "supervisor", "admin", "auditor", "triage", "nobody")


@pytest.mark.parametrize("person", OTHERS)
def test_undoing_is_for_whoever_acted(city: City, person: str) -> None:
    officer = city.people["own officer"]
    _, step = perform_undoably(Verb.CLAIM, city.ticket.pk, actor=officer, data={})
    assert step is not None
    answer = client_of(city.people[person]).post(f"/undo/{step.pk}/")
    assert answer.status_code == 404
    assert city.ticket.assignee == officer and UndoStep.objects.get().undone_at is None


@pytest.mark.parametrize("person", OTHERS)
def test_a_job_is_seen_by_whoever_asked_for_it(city: City, person: str) -> None:
    ticket = city.ticket
    job = start_job(
        Verb.ADD_NOTE, [(ticket.pk, ticket.version)], actor=city.people["own officer"], data={"text": "Mật"}
    )
    client = client_of(city.people[person])
    assert client.get(f"/inbox/bulk/{job.pk}/").status_code == 404
    assert client.post(f"/inbox/bulk/{job.pk}/go-on/").status_code == 404
    assert client.post(f"/inbox/bulk/{job.pk}/undo/").status_code == 404
    assert BulkItem.objects.get().state == "waiting"


def test_a_job_takes_no_ticket_that_its_owner_does_not_see(city: City) -> None:
    """The answer does not tell a ticket of another ward from one that never was, and neither leaves a trace."""
    client = client_of(city.people["other officer"])
    texts = []
    for pk in (city.ticket.pk, 987654321):
        answer = client.post("/inbox/bulk/", {"verb": "accept", "ticket": f"{pk}:1"})
        texts.append(answer.content.decode().replace(f"{pk}:1", "…"))
        assert answer.status_code == 422
    assert texts[0][-2000:] == texts[1][-2000:]
    assert not BulkJob.objects.exists() and city.ticket.status == "new"


def test_a_private_list_is_private_and_a_shared_one_goes_with_the_unit(city: City) -> None:
    owner, leader = city.people["own officer"], city.people["own leader"]
    private = save_view(actor=owner, name="Riêng", params=params("category=noise"))
    shared = save_view(actor=owner, name="Chung", params=params("category=trees"), share_with=city.ward.pk)
    client = client_of(leader)

    text = client.get("/inbox/").content.decode()
    assert "Chung" in text and "Riêng" not in text
    assert client.get(f"/inbox/views/{private.pk}/").status_code == 404
    assert client.get(f"/inbox/views/{shared.pk}/").status_code == 200
    assert client.post(f"/inbox/views/{shared.pk}/", {"name": "Của tôi"}).status_code == 403
    assert client.post(f"/inbox/views/{shared.pk}/delete/").status_code == 403
    for person in ("other officer", "other leader", "supervisor", "admin", "auditor", "triage", "nobody"):
        assert client_of(city.people[person]).get(f"/inbox/views/{shared.pk}/").status_code == 404, person

    Membership.objects.filter(official=leader).update(unit=city.elsewhere)
    assert "Chung" not in client.get("/inbox/").content.decode(), "who has moved on loses the lists of the old unit"
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Riêng", "Chung"}


def test_a_list_is_shared_with_a_unit_of_ones_own_only(city: City) -> None:
    client = client_of(city.people["own officer"])
    client.post("/inbox/views/", {"list": "", "name": "Lạ", "share_with": city.elsewhere.pk})
    assert not SavedView.objects.exists()


def test_a_shared_list_shows_each_what_is_theirs(city: City) -> None:
    """Somebody with two wards shares a list; a colleague of one ward sees the tickets of that ward only."""
    both = make_official(Role.OFFICER, city.ward)
    Membership.objects.create(official=both, role=Role.OFFICER, unit=city.elsewhere)
    view = save_view(actor=both, name="Tất cả", params=params("view=all"), share_with=city.ward.pk)
    text = client_of(city.people["own officer"]).get(f"/inbox/?{view.params}&saved={view.pk}").content.decode()
    assert city.home.code in text and city.away.code not in text
