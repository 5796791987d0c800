"""The whole story: a ward answers in time, the source is away, and what is left of it is proof, not a reprimand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from connectors.errors import Transient
from connectors.protocol import Capabilities
from connectors.records import OutboundAction, OutboundUpdate, Receipt
from inbox.accounts.models import Official
from inbox.core import clock
from inbox.evidence.collect import collect
from inbox.evidence.models import EvidenceRecord
from inbox.evidence.touched import count_touched
from inbox.outbox import dispatch, enqueue
from inbox.sources.models import Outage, Source
from inbox.tickets.anchors import anchor
from inbox.tickets.verification import verify
from tests.evidence.conftest import Answer

pytestmark = pytest.mark.django_db
MORNING = datetime.fromisoformat("2026-11-17T09:00:00+07:00")


class Portal:
    """A source that takes everything, unless it is away."""

    capabilities = Capabilities(pushes=frozenset(OutboundAction), lookup=True, idempotent_push=True)
    away = True

    def push(self, update: OutboundUpdate) -> Receipt:
        if self.away:
            raise Transient("503", code="http_503")
        return Receipt()


def test_an_answer_in_time_to_a_source_that_is_away(
    answer: Answer, portal: Source, leader: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = Portal()
    for module in (dispatch, enqueue):
        monkeypatch.setattr(module, "build_connector", lambda _: system)
    client = Client(headers={"Accept-Language": "vi"})
    client.force_login(leader)

    def a_round(at: datetime) -> None:
        """What the scheduler does."""
        with time_machine.travel(at, tick=False):
            dispatch.dispatch()
            collect(at=clock.now())
            count_touched(at=clock.now())

    message = answer(at=MORNING)
    for hours in (0, 1, 2):
        a_round(MORNING + timedelta(hours=hours))
    outage = Outage.objects.get()
    assert (outage.began, outage.ended, outage.tickets_touched) == (MORNING, None, 1)
    assert "gián đoạn từ 09:00" in client.get("/inbox/").content.decode(), "the banner says since when"
    record = EvidenceRecord.objects.get()
    assert record.latest.arrived_at is None

    system.away = False
    back = MORNING + timedelta(hours=3)
    a_round(back)
    outage.refresh_from_db()
    message.refresh_from_db()
    assert (outage.ended, message.delivered_at, outage.tickets_touched) == (back, back, 1)
    latest = EvidenceRecord.objects.get().latest
    assert [attempt["outcome"] for attempt in latest.facts["attempts"]] == [*["retry"] * 3, "delivered"]
    assert latest.arrived_at == back
    page = client.get("/sources/portal/").content.decode()
    assert "http_503" in page and "chưa kết thúc" not in page
    anchor(at=back)
    assert verify().findings == []
