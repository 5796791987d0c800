"""An app that pushes, from the citizen to the answer: the sandbox's app and the product, over real HTTP both ways."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.intake.sync import sync_source
from inbox.outbox.dispatch import dispatch
from inbox.sources.models import InboundPayload, Source
from inbox.sources.vocabulary import PayloadState
from inbox.tickets.models import Ticket
from tests.factories import make_official, make_source
from tests.processes import Sandbox, running_sandbox

SECRET = "whsec_bW90LW1vaS1zYW5kYm94LXNlY3JldC0x"
APP = "mini-app"


def pushed(sandbox: Sandbox, server: LiveServer, **options: Any) -> dict[str, int]:
    body = {"to": f"{server.url}/hooks/app-thu/", **options}
    answer = requests.post(f"{sandbox.url}/control/{APP}/push", json=body, timeout=60)
    found: dict[str, int] = answer.json()["answers"]
    return found


@pytest.mark.django_db(transaction=True)
def test_from_the_citizen_to_the_answer(city: None, live_server: LiveServer) -> None:
    with running_sandbox("--count", "1") as sandbox:
        settings = {"base_url": sandbox.url}
        source = make_source("app-thu", connector="mini_app", settings=settings, secrets={"secret": SECRET})
        sandbox.change(APP, count=12)
        spoilt = sandbox.change(APP, text="Không rõ lúc nào")["complaints"][0]["external_id"]
        assert pushed(sandbox, live_server, repeat=2, shuffle=True) == {"202": 26}
        assert pushed(sandbox, live_server) == {}, "nothing has changed since"
        run = sync_source(source)
        assert (run.created, run.rejected) == (13, 0)

        time.sleep(1.1)  # the app's stamps are whole seconds
        sandbox.change(APP, external_id=spoilt, edit={"text": "Lúc mười giờ tối"})
        sandbox.fault(APP, kind="nulls", fields=["created_at"], times=1)
        assert pushed(sandbox, live_server) == {"202": 1}
        assert sync_source(Source.objects.get()).rejected == 1
        bad = InboundPayload.objects.get(state=PayloadState.REJECTED)
        assert (bad.reason_code, bad.reason_field, bad.external_id) == ("missing_field", "created_at", spoilt)
        assert pushed(sandbox, live_server, all=True) == {"202": 13}
        assert sync_source(Source.objects.get()).updated == 1
        assert Ticket.objects.get(refs__external_id=spoilt).text == "Lúc mười giờ tối"

        ticket = Ticket.objects.exclude(refs__external_id=spoilt).filter(is_open=True, unit__isnull=False).first()
        assert ticket is not None
        officer = make_official(Role.OFFICER, ticket.unit)
        ticket = accept_ticket(ticket.pk, actor=officer, version=ticket.version)
        resolve_ticket(ticket.pk, actor=officer, version=ticket.version, text="Đã xử lý xong.")
        sandbox.fault(APP, kind="answer_lost", times=1)
        dispatch(at=clock.now() + timedelta(seconds=1))
        dispatch(at=clock.now() + timedelta(minutes=5))
        dispatch(at=clock.now() + timedelta(minutes=10))
        (external_id,) = ticket.refs.values_list("external_id", flat=True)
        there = sandbox.complaints(APP)[external_id]
        assert [(one["status"], one["text"]) for one in there["answers"]] == [
            ("accepted", ""),
            ("resolved", "Đã xử lý xong."),
        ], "each once, although one answer was lost"

        time.sleep(1.1)
        sandbox.change(APP, external_id=spoilt, withdraw=True)
        pushed(sandbox, live_server)
        sync_source(Source.objects.get())
        assert Ticket.objects.get(refs__external_id=spoilt).status == "withdrawn"
