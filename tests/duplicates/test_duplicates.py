"""Tickets of the same place and of the same matter: found, never linked by themselves."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from connectors.records import Place
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.duplicates.queries import suggestions
from inbox.duplicates.similarity import likeness
from inbox.tickets.models import Ticket
from inbox.tickets.queries import metres_between, nearby
from inbox.units.models import Unit
from tests.factories import TUESDAY, make_official, make_ticket, make_unit

HERE = (10.81114, 106.70437)
FOLDED = "rac chat dong dau hem 220 no trang long boc mui hoi da bon ngay"


@pytest.mark.parametrize(
    ("other", "metres", "found", "why"),
    [
        (FOLDED, None, True, "the same words"),
        ("boc mui hoi rac chat dong da bon ngay dau hem 220 no trang long", None, True, "in another order"),
        ("rac chat dong hem 220 no trang long boc mui", None, True, "most of them"),
        ("den duong hu toi om duong phan van tri", None, False, "something else"),
        ("rac chat dong dau hem, khong ai don, hoi qua", 40.0, True, "half of them, but the same place"),
        ("rac chat dong dau hem, khong ai don, hoi qua", 4000.0, False, "half of them, far away"),
        ("den duong hu toi om duong phan van tri", 5.0, False, "another matter at the same place"),
    ],
)
def test_alike(other: str, metres: float | None, found: bool, why: str) -> None:
    assert (likeness(FOLDED, other, metres=metres) is not None) is found, why


def test_distances_are_those_of_a_sphere() -> None:
    assert metres_between(10.0, 106.0, 10.0, 106.0) == 0
    assert metres_between(10.0, 106.0, 10.001, 106.0) == pytest.approx(111.2, abs=0.2)
    assert metres_between(10.0, 106.0, 10.0, 106.001) == pytest.approx(109.5, abs=0.2)


@pytest.mark.django_db
class TestFinding:
    @pytest.fixture
    def ward(self) -> Unit:
        return make_unit()

    @pytest.fixture
    def officer(self, ward: Unit) -> Official:
        return make_official(Role.OFFICER, ward)

    def at(self, ward: Unit, north: float = 0.0, **values: object) -> Ticket:
        """A ticket `north` metres from HERE."""
        return make_ticket(ward, place=Place(text="x", lat=HERE[0] + north / 111_195, lng=HERE[1]), **values)

    def test_the_same_place_is_within_fifty_metres_and_ninety_days(self, ward: Unit, officer: Official) -> None:
        ticket = self.at(ward)
        near, nearer = self.at(ward, 48), self.at(ward, -10)
        self.at(ward, 53)
        self.at(make_unit(), 5)
        old = self.at(ward, 2)
        old.received_at -= timedelta(days=91)
        old.save()

        assert [(n.ticket, n.metres) for n in nearby(ticket, officer)] == [(nearer, 10), (near, 48)]

    def test_a_ticket_without_a_place_has_no_neighbours(self, ward: Unit, officer: Official) -> None:
        self.at(ward)
        assert nearby(make_ticket(ward), officer) == []

    def test_suggestions_are_open_tickets_of_the_same_unit_field_and_days(self, ward: Unit, officer: Official) -> None:
        same = {"title": "Rác chất đống hẻm 220", "text": "Rác chất đống đầu hẻm 220 Nơ Trang Long, bốc mùi hôi."}
        ticket = make_ticket(ward, **same)
        twin = make_ticket(ward, **same)
        make_ticket(ward, **same, status="resolved")
        make_ticket(ward, **same, category="noise")
        make_ticket(ward, **same, sent_at=TUESDAY - timedelta(days=4))
        make_ticket(make_unit(), **same)
        make_ticket(ward, **same, main=ticket)
        make_ticket(ward, title="Đèn đường hư", text="Đèn đường trước trường học không sáng đã một tuần.")

        found = suggestions(ticket, officer)

        assert [s.ticket for s in found] == [twin] and found[0].likeness.percent > 90
        assert Ticket.objects.filter(main__isnull=False).count() == 1, "nothing is linked by itself"

    def test_the_command_lists_pairs_and_changes_nothing(self, ward: Unit) -> None:
        same = {"title": "Ngập nước hẻm 42", "text": "Hẻm 42 Đinh Bộ Lĩnh ngập nửa mét sau mưa lớn, xe chết máy."}
        first, second = make_ticket(ward, **same), make_ticket(ward, **same)
        make_ticket(make_unit(), **same)

        out, text = StringIO(), StringIO()
        call_command("find_duplicates", json=True, stdout=out)
        call_command("find_duplicates", stdout=text)

        (pair,) = json.loads(out.getvalue())["pairs"]
        assert (pair["main"], pair["ticket"], pair["metres"]) == (first.code, second.code, None)
        assert pair["percent"] > 90 and first.code in text.getvalue()
        assert not Ticket.objects.filter(main__isnull=False).exists()
