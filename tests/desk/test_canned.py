"""Ready-made replies: a closed list of variables, and who may change whose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.change_canned_reply import ReplyText, change_canned_reply
from inbox.actions.change_task_list import change_task_list
from inbox.actions.change_unit_rule import change_unit_rule
from inbox.core import clock
from inbox.core.errors import InboxError, Invalid, NotAllowed, NotFound
from inbox.desk.canned import filled, unknown_variables
from inbox.desk.models import CannedReply, TaskTemplate, UnitRule
from inbox.desk.queries import replies_for
from inbox.desk.seed import load_desk
from inbox.tickets.vocabulary import Category
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket, make_unit

VALUES = {"code": "PA-000001", "citizen": "{officer}", "officer": "Hùng"}


@pytest.mark.parametrize(
    ("text", "becomes", "why"),
    [
        ("Phiếu {code}.", "Phiếu PA-000001.", "a variable"),
        ("{ code }", "PA-000001", "with spaces around it"),
        ("{citizen}", "{officer}", "a value is never looked at again"),
        ("{{ settings.SECRET_KEY }} {% now %}", "{{ settings.SECRET_KEY }} {% now %}", "no template language"),
        ("{code.__class__}", "{code.__class__}", "no attributes"),
        ("a { b", "a { b", "a lonely brace is a brace"),
    ],
)
def test_variables_are_replaced_and_nothing_else(text: str, becomes: str, why: str) -> None:
    assert filled(text, VALUES) == becomes, why


def test_unknown_variables_are_named() -> None:
    assert unknown_variables("{code} {phone} {% x %}") == ["phone", "% x %"]


@pytest.mark.django_db
class TestChanging:
    @pytest.fixture
    def ward(self) -> Unit:
        return make_unit()

    @pytest.mark.parametrize(
        ("who", "for_city", "error", "why"),
        [
            (lambda ward: make_official(Role.LEADER, ward), False, None, "a leader for the own unit"),
            (lambda ward: make_official(Role.LEADER, ward), True, NotAllowed, "not for the city"),
            (lambda ward: make_official(Role.LEADER, make_unit()), False, NotAllowed, "not for another unit"),
            (lambda ward: make_official(Role.OFFICER, ward), False, NotAllowed, "an officer uses them"),
            (lambda ward: make_official(Role.ADMIN), True, None, "an administrator for the city"),
            (lambda ward: make_official(Role.SUPERVISOR), True, NotAllowed, "a supervisor reads"),
        ],
    )
    def test_who_may(
        self,
        ward: Unit,
        who: Callable[[Unit], Official],
        for_city: bool,
        error: type[InboxError] | None,
        why: str,
    ) -> None:
        actor, unit_id = who(ward), None if for_city else ward.pk
        wanted = ReplyText("Mẫu", "Kính gửi {citizen}", unit_id=unit_id)
        if error is None:
            change_canned_reply(None, wanted, actor=actor)
            change_task_list(Category.NOISE, ["Kiểm tra", " ", "Trả lời"], unit_id=unit_id, actor=actor)
            assert CannedReply.objects.get().unit_id == unit_id, why
            assert list(TaskTemplate.objects.values_list("words", flat=True)) == ["Kiểm tra", "Trả lời"]
            return
        for change in (
            lambda: change_canned_reply(None, wanted, actor=actor),
            lambda: change_task_list(Category.NOISE, ["x"], unit_id=unit_id, actor=actor),
            lambda: change_unit_rule(ward.pk, needs_approval=True, actor=actor) if not for_city else _raise(error),
        ):
            with pytest.raises(error):
                change()
        assert not CannedReply.objects.exists() and not TaskTemplate.objects.exists() and not UnitRule.objects.exists()

    def test_another_units_reply_does_not_exist(self, ward: Unit) -> None:
        leader = make_official(Role.LEADER, ward)
        reply = change_canned_reply(None, ReplyText("Mẫu", "x", unit_id=ward.pk), actor=leader)
        stranger = make_official(Role.LEADER, make_unit())
        assert reply is not None
        with pytest.raises(NotFound):
            change_canned_reply(reply.pk, None, actor=stranger)
        assert CannedReply.objects.exists()
        change_canned_reply(reply.pk, None, actor=leader)
        assert not CannedReply.objects.exists()

    def test_a_variable_that_does_not_exist_is_refused_when_it_is_saved(self, ward: Unit) -> None:
        with pytest.raises(Invalid) as refused:
            change_canned_reply(
                None, ReplyText("Mẫu", "{phone}", unit_id=ward.pk), actor=make_official(Role.LEADER, ward)
            )
        assert refused.value.field == "body" and not CannedReply.objects.exists()

    def test_what_fits_best_stands_on_top(self, ward: Unit) -> None:
        now = clock.now()

        def reply(title: str, **values: object) -> None:
            CannedReply.objects.create(title=title, body="x", changed_at=now, **values)

        reply("general, city")
        reply("field, city", category="environment", uses=3)
        reply("field, unit", category="environment", unit=ward)
        reply("general, unit", unit=ward)
        reply("another field", category="noise")
        reply("another unit", unit=make_unit())
        reply("switched off", is_active=False)
        ticket = make_ticket(unit=ward)
        assert [r.title for r in replies_for(ticket)] == [
            "field, unit",
            "field, city",
            "general, unit",
            "general, city",
        ]

    def test_the_standard_replies_use_known_variables_and_are_loaded_once(self) -> None:
        for _ in range(2):
            load_desk(at=clock.now())
        bodies = list(CannedReply.objects.values_list("body", flat=True))
        assert len(bodies) == len(set(bodies)) and len(bodies) >= 5
        assert [unknown_variables(body) for body in bodies] == [[]] * len(bodies)
        assert set(TaskTemplate.objects.values_list("category", flat=True)) <= set(Category)


def _raise(error: type[InboxError]) -> None:
    raise error("the rule is always a unit's")
