"""The pages about what is on its way to the sources, and about what differs between them and us."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.outbox.models import BulkRetry, DeliveryAttempt, Difference, OutboxFile, OutboxMessage, Reconciliation
from inbox.outbox.queries import PAGE_SIZE
from inbox.sources.models import Source
from inbox.tickets.models import Ticket, TicketEvent
from inbox.units.models import Unit
from tests.access.conftest import make_difference
from tests.factories import make_official, make_ticket, make_unit

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
Make = Callable[..., OutboxMessage]


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


@pytest.fixture
def make(ward: Unit, portal: Source) -> Make:
    """A message of a new ticket of the ward, in any state."""

    def message(state: str = "dead", *, unit: Unit | None = None, **values: object) -> OutboxMessage:
        ticket = make_ticket(unit=unit or ward, source=portal)
        now = clock.now()
        made: OutboxMessage = OutboxMessage.objects.create(
            ticket=ticket,
            ref=ticket.refs.get(),
            source=portal,
            event=ticket.events.earliest("pk"),
            key=f"{ticket.pk:032d}",
            state=state,
            **{
                "action": "resolve",
                "text": "Đã thu gom rác.",
                "author": "Nguyễn Văn A",
                "done_at": now,
                "next_attempt_at": now + timedelta(minutes=5),
                "created_at": now,
                "reason_code": "http_422" if state == "dead" else "",
            }
            | values,
        )
        return made

    return message


def shown(client: Client, query: str = "") -> set[str]:
    text = client.get(f"/deliveries/{query}").content.decode()
    return set(re.findall(r'href="/deliveries/(\d+)/"', text))


def test_the_list_is_narrowed_by_state_and_source_and_shows_only_ones_own(
    browser: Browser, leader: Official, make: Make
) -> None:
    by_state = {state: str(make(state).pk) for state in ("dead", "unknown", "pending", "by_hand", "delivered")}
    foreign = make("dead", unit=make_unit())
    client = browser(leader)
    assert shown(client) == {by_state[s] for s in ("dead", "unknown", "pending", "by_hand")}
    assert shown(client, "?state=for_a_person") == {by_state["dead"], by_state["by_hand"]}
    assert shown(client, "?state=all") == set(by_state.values())
    for state, pk in by_state.items():
        assert shown(client, f"?state={state}") == {pk}
    assert shown(client, "?state=dead&source=portal") == {by_state["dead"]}
    assert shown(client, "?state=dead&source=nowhere") == set()
    assert str(foreign.pk) in shown(browser(Role.ADMIN))
    for wrong in ("?state=lost", "?after=x", "?after=-1"):
        assert client.get(f"/deliveries/{wrong}").status_code == 400, wrong


def test_a_long_list_goes_on_where_it_stopped(browser: Browser, leader: Official, make: Make) -> None:
    keys = {str(make("dead").pk) for _ in range(PAGE_SIZE + 3)}
    client = browser(leader)
    first = shown(client)
    assert len(first) == PAGE_SIZE
    (after,) = re.findall(r"after=(\d+)", client.get("/deliveries/").content.decode())
    assert first | shown(client, f"?after={after}") == keys


def test_an_empty_list_says_that_all_has_arrived(browser: Browser, leader: Official) -> None:
    assert "Mọi tin đã đến nguồn" in browser(leader).get("/deliveries/").content.decode()
    assert "Không có tin nào khớp" in browser(leader).get("/deliveries/?state=dead").content.decode()


def test_one_delivery_shows_every_attempt_and_what_was_answered(browser: Browser, leader: Official, make: Make) -> None:
    message = make("unknown", attempts_made=2, reason_code="read_timeout")
    now = clock.now()
    for number, (kind, outcome, code) in enumerate(
        [("send", "unknown", "read_timeout"), ("lookup", "absent", "")], start=1
    ):
        DeliveryAttempt.objects.create(
            message=message,
            number=number,
            kind=kind,
            started_at=now,
            finished_at=now,
            outcome=outcome,
            error_code=code,
            error_detail="POST /API: no answer" if code else "",
        )
    OutboxFile.objects.create(
        message=message, name="sau.jpg", content_type="image/jpeg", content_hash="0" * 64, size=2048
    )
    text = browser(leader).get(f"/deliveries/{message.pk}/").content.decode()
    assert "Chưa rõ tin này đã đến nguồn hay chưa" in text, "unknown is visible as such"
    assert text.count("<tr>") == 3
    for words in ("Đã hỏi: nguồn chưa có", "POST /API: no answer", "Đã thu gom rác.", "sau.jpg", message.key):
        assert words in text, words


def test_a_person_sends_again_gives_up_or_enters_by_hand(browser: Browser, leader: Official, make: Make) -> None:
    client = browser(leader)
    again, given_up, entered = make(), make(), make("by_hand")
    assert client.post(f"/deliveries/{again.pk}/retry/").headers["Location"] == f"/deliveries/{again.pk}/"
    assert client.post(f"/deliveries/{given_up.pk}/give-up/", {"reason": " "}).status_code == 422
    assert OutboxMessage.objects.get(pk=given_up.pk).state == "dead", "not without a reason"
    client.post(f"/deliveries/{given_up.pk}/give-up/", {"reason": "Đã gọi điện cho người dân."})
    client.post(f"/deliveries/{entered.pk}/entered/")
    assert [OutboxMessage.objects.get(pk=m.pk).state for m in (again, given_up, entered)] == [
        "pending",
        "cancelled",
        "delivered",
    ]
    assert client.post(f"/deliveries/{entered.pk}/retry/").status_code == 302, "pressed twice: a notice, no error"
    page = client.get(f"/tickets/{given_up.ticket.code}/").content.decode()
    assert "Đã gọi điện cho người dân." in page and "không cần gửi" in page


def test_buttons_are_only_for_those_who_may(browser: Browser, officer: Official, make: Make) -> None:
    message = make()
    text = browser(officer).get(f"/deliveries/{message.pk}/").content.decode()
    assert "/entered/" in text and "/retry/" not in text and "/give-up/" not in text
    auditor = browser(Role.AUDITOR).get(f"/deliveries/{message.pk}/").content.decode()
    assert "/entered/" not in auditor
    assert "/deliveries/bulk-retry/" not in browser(officer).get("/deliveries/").content.decode()


def test_an_outage_is_made_up_for_together_with_progress(browser: Browser, leader: Official, make: Make) -> None:
    for _ in range(3):
        make("dead", reason_code="http_500")
    make("dead", reason_code="answered_by_another")
    client = browser(leader)
    text = client.get("/deliveries/").content.decode()
    assert 'name="reason" value="http_500"' in text and 'value="answered_by_another"' not in text
    sent = client.post(
        "/deliveries/bulk-retry/", {"source": "portal", "reason": "http_500", "per_minute": "120"}, follow=True
    ).content.decode()
    assert BulkRetry.objects.get().total == 3
    assert "3 tin sẽ được gửi lại" in sent and '<progress max="3" value="0"' in sent
    OutboxMessage.objects.filter(bulk_retry__isnull=False).update(state="delivered")
    assert '<progress max="3" value="3"' in client.get("/deliveries/bulk-retry/").content.decode()
    assert client.post("/deliveries/bulk-retry/", {"source": "portal", "per_minute": "9"}).status_code == 400
    assert browser(Role.OFFICER).get("/deliveries/bulk-retry/").status_code == 403


def test_both_sides_stand_next_to_each_other_on_the_ticket(browser: Browser, officer: Official, make: Make) -> None:
    message = make()
    difference = make_difference(message.ticket)
    Difference.objects.update(
        message=message,
        ours={"status": "resolved", "answer": "Ta: đã dọn.", "by": "Nguyễn Văn A", "at": clock.now().isoformat()},
        theirs={"status": "resolved", "raw": "4", "answer": "Họ: không phải việc của ta."},
    )
    text = browser(officer).get(f"/tickets/{message.ticket.code}/").content.decode()
    for words in ("Ta: đã dọn.", "Họ: không phải việc của ta.", "Theo bên ta: gửi lại", "Theo nguồn"):
        assert words in text, words
    watching = browser(Role.AUDITOR).get(f"/tickets/{message.ticket.code}/").content.decode()
    assert "Họ: không phải việc của ta." in watching and "keep-ours" not in watching
    client = browser(officer)
    assert client.post(f"/differences/{difference.pk}/dismiss/", {"reason": ""}).status_code == 302
    assert Difference.objects.get().decision == "open", "not without a reason"
    answer = client.post(f"/differences/{difference.pk}/take-theirs/")
    assert answer.headers["Location"] == f"/tickets/{message.ticket.code}/"
    assert Ticket.objects.get(pk=message.ticket_id).status == "resolved"
    assert OutboxMessage.objects.get().state == "cancelled"
    assert TicketEvent.objects.get(kind="difference_decided").actor == officer
    assert client.post(f"/differences/{difference.pk}/keep-ours/").status_code == 302, "decided: a notice, no error"


def test_the_report_of_a_source_says_whether_both_sides_agree(
    browser: Browser, leader: Official, make: Make, portal: Source
) -> None:
    client = browser(leader)
    assert "Chưa đối chiếu lần nào" in client.get("/sources/portal/reconciliation/").content.decode()
    now = clock.now()
    run = Reconciliation.objects.create(
        source=portal,
        trigger="schedule",
        since=now - timedelta(days=30),
        started_at=now,
        finished_at=now,
        outcome="ok",
        compared=120,
        agree=120,
    )
    text = client.get("/sources/portal/reconciliation/").content.decode()
    assert "Hai bên khớp nhau." in text and "120 phản ánh" in text
    make_difference(make().ticket)
    make_difference(make(unit=make_unit()).ticket)
    Reconciliation.objects.filter(pk=run.pk).update(differ=2, agree=118, kinds={"answered_there": 2})
    text = client.get("/sources/portal/reconciliation/").content.decode()
    assert "Hai bên khác nhau ở 2 phản ánh" in text
    assert text.count('class="sides"') == 1, "the other ward's is counted and not shown"
    assert browser(Role.SUPERVISOR).post("/sources/portal/reconcile/").status_code == 302
    assert client.post("/sources/portal/reconcile/").status_code == 403
