"""Open311 GeoReport v2: only what was made public, without anything personal, in the forms of the standard."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from defusedxml import ElementTree
from django.core.cache import cache
from django.test import Client

from connectors.records import RawItem, SourceStatus
from connectors.sources.open311 import Open311
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.publish_ticket import publish_ticket
from inbox.actions.registry import possible_verbs
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.unpublish_ticket import unpublish_ticket
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import Category, Status, Verb
from tests.api.conftest import World, token_client
from tests.factories import make_official, make_ticket

pytestmark = pytest.mark.django_db
BASE = "/open311/v2"
WORDS = "Rác chất đống tại khu vực chợ, phường đã nhận."
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "open311"


@pytest.fixture(autouse=True)
def _unthrottled() -> None:
    cache.clear()


@pytest.fixture
def leader(world: World) -> Official:
    return make_official(Role.LEADER, world.ward)


@pytest.fixture
def public(world: World, leader: Official) -> Ticket:
    """Our ticket, public; what the citizen wrote has a name and a number in it."""
    Ticket.objects.filter(pk=world.ours.pk).update(
        title="Bà Lan 0903111227",
        text="Tôi là Lan, nhà 42/7",
        address="42/7 Đinh Bộ Lĩnh",
        lat=10.8111449,
        lng=106.7043712,
    )
    return publish_ticket(world.ours.pk, actor=leader, text=WORDS)


def get(path: str, **params: str) -> Any:
    return Client().get(f"{BASE}/{path}", params)


def rows(**params: str) -> list[dict[str, Any]]:
    answer = get("requests.json", **params)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()
    return found


# --- What is public --------------------------------------------------------------------------------------------------


def test_nothing_is_public_until_somebody_makes_it_so(world: World, leader: Official) -> None:
    assert rows() == []
    assert get(f"requests/{world.ours.code}.json").status_code == 404
    publish_ticket(world.ours.pk, actor=leader, text=WORDS)
    assert [row["service_request_id"] for row in rows()] == [world.ours.code]
    unpublish_ticket(world.ours.pk, actor=leader)
    assert rows() == []
    assert get(f"requests/{world.ours.code}.json").status_code == 404
    kinds = list(TicketEvent.objects.filter(ticket=world.ours).values_list("kind", flat=True))
    assert kinds[-2:] == ["published", "unpublished"], "both are in the history"


def test_nothing_of_the_citizen_is_in_it(public: Ticket) -> None:
    for suffix in ("json", "xml"):
        for path in (f"requests.{suffix}", f"requests/{public.code}.{suffix}"):
            text = get(path).content.decode()
            assert WORDS in text
            for secret in ("Lan", "0903", "42/7", "Đinh Bộ Lĩnh", "10.8111", "106.7043", "Thu Hà"):
                assert secret not in text, f"{secret} in {path}"
    (row,) = rows()
    assert (row["lat"], row["long"]) == (10.811, 106.704), "some hundred metres"


@pytest.mark.parametrize("text", ["Gọi 0903 111 227", "thư ha@example.com", "   "])
def test_what_points_at_a_person_is_not_made_public(world: World, leader: Official, text: str) -> None:
    with pytest.raises(Invalid):
        publish_ticket(world.ours.pk, actor=leader, text=text)
    world.ours.refresh_from_db()
    assert world.ours.published_at is None and world.ours.public_text == ""


def test_only_leaders_of_the_ward_make_public(world: World) -> None:
    with pytest.raises(NotAllowed):
        publish_ticket(world.ours.pk, actor=world.officer, text=WORDS)
    with pytest.raises(NotFound):
        publish_ticket(world.ours.pk, actor=make_official(Role.LEADER, world.other_ward), text=WORDS)
    assert rows() == []


def test_the_button_to_take_it_back_is_there_in_every_status(public: Ticket, leader: Official) -> None:
    for status in Status:
        public.set_status(status)
        assert Verb.UNPUBLISH in possible_verbs(public, leader), status
    public.published_at = None
    assert Verb.UNPUBLISH not in possible_verbs(public, leader)


# --- Forms -----------------------------------------------------------------------------------------------------------


def test_json_and_xml_say_the_same(public: Ticket) -> None:
    (row,) = rows()
    (element,) = ElementTree.fromstring(get("requests.xml").content)
    assert element.tag == "request"
    assert {child.tag: child.text for child in element} == {
        name: None if value is None else str(value) for name, value in row.items()
    }
    assert row["status"] == "open" and row["requested_datetime"].endswith("+07:00")


def test_services_and_their_definitions(db: None) -> None:
    services = get("services.json").json()
    assert {service["service_code"] for service in services} == set(Category)
    assert [child.findtext("service_code") for child in ElementTree.fromstring(get("services.xml").content)] == [
        service["service_code"] for service in services
    ]
    assert get("services/noise.json").json() == {"service_code": "noise", "attributes": []}
    assert ElementTree.fromstring(get("services/noise.xml").content).tag == "service_definition"
    assert get("services/nothing.json").json() == [{"code": 404, "description": "service_code nothing was not found"}]


def test_discovery_names_the_address(db: None) -> None:
    (endpoint,) = get("discovery.json").json()["endpoints"]
    assert endpoint["url"].endswith("/open311/v2")
    root = ElementTree.fromstring(get("discovery.xml").content)
    assert root.tag == "discovery" and root.findtext("endpoints/endpoint/formats/format") == "text/xml"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here: schemas were not tried")
def test_answers_keep_the_schemas_of_the_standard(public: Ticket) -> None:
    for name, document in (
        ("request", rows()[0]),
        ("service", get("services.json").json()[0]),
        ("service-definition", get("services/noise.json").json()),
    ):
        schema = json.loads((SHARED / f"schema-validation_{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, schema)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here: examples were not compared")
def test_answers_have_the_elements_of_the_examples(public: Ticket) -> None:
    for ours, example in (
        ("requests.xml", "open311status_requests_single.xml"),
        ("services.xml", "cfa_java_serviceListXML.xml"),
    ):
        theirs = ElementTree.parse(SHARED / example).getroot()
        root = ElementTree.fromstring(get(ours).content)
        assert root.tag == theirs.tag and root[0].tag == theirs[0].tag
        assert {child.tag for child in theirs[0]} <= {child.tag for child in root[0]}
    empty = ElementTree.fromstring(get("requests.xml", service_code="noise").content)
    assert empty.tag == "service_requests" and len(empty) == 0
    missing = ElementTree.fromstring(get("requests/PA-999999.xml").content)
    example = ElementTree.parse(SHARED / "cfa_ruby_get_service_request_not_found.xml").getroot()
    assert [(child.tag, [one.tag for one in child]) for child in missing] == [
        (child.tag, [one.tag for one in child]) for child in example
    ]


def test_our_own_connector_reads_what_we_serve(public: Ticket) -> None:
    (row,) = rows()
    record = Open311.__new__(Open311).parse(RawItem(row, row["service_request_id"]), now=clock.now())
    assert (record.external_id, record.status, record.category) == (public.code, SourceStatus.NEW, public.category)
    assert record.sent_at == public.clock_from.replace(microsecond=0)


# --- Questions -------------------------------------------------------------------------------------------------------


def test_narrowing(world: World, leader: Official, public: Ticket) -> None:
    done = make_ticket(world.ward, world.source, category="noise", status="in_progress")
    resolve_ticket(done.pk, actor=leader, text="Xong.")
    publish_ticket(done.pk, actor=leader, text="Tiếng ồn đã được nhắc nhở.")
    Ticket.objects.filter(pk=done.pk).update(clock_from=clock.now() - timedelta(days=100))
    ours, old = public.code, done.code

    def codes(**params: str) -> list[str]:
        return [row["service_request_id"] for row in rows(**params)]

    span = {"start_date": (clock.now() - timedelta(days=110)).isoformat()}
    assert codes() == [ours], "the last 90 days"
    assert codes(**span, end_date=(clock.now() - timedelta(days=80)).isoformat()) == [old]
    assert codes(**span, service_code="noise,trees") == [old]
    assert codes(**span, status="closed") == [old]
    assert codes(status="open,closed") == [ours]
    assert codes(service_request_id=f"{old},{ours},PA-1,x") == [ours, old], "ids override dates"
    assert codes(updated_after=(clock.now() - timedelta(hours=1)).isoformat()) == [ours, old]
    assert codes(updated_after=(clock.now() + timedelta(hours=1)).isoformat()) == []
    assert codes(updated_after="2020-01-01", page="2", page_size="1") == [old]
    assert codes(unknown="x") == [ours], "the standard ignores what it does not know"


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"start_date": "2026-01-01", "end_date": "2026-12-01"}, 400),
        ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, 400),
        ({"start_date": "yesterday"}, 400),
        ({"end_date": "0001-01-01"}, 400),
        ({"status": "broken"}, 400),
        ({"service_code": "nothing"}, 404),
        ({"page": "0"}, 400),
        ({"page_size": "-1"}, 400),
        ({"service_request_id": ",".join(f"PA-{n:06d}" for n in range(1001))}, 400),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_what_makes_no_sense_is_an_error_of_the_standard(params: dict[str, str], status: int, suffix: str) -> None:
    answer = get(f"requests.{suffix}", **params)
    assert answer.status_code == status
    if suffix == "json":
        (error,) = answer.json()
        assert error["code"] == status and error["description"]
    else:
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "errors" and root.findtext("error/code") == str(status)


def test_an_answer_holds_at_most_a_thousand(public: Ticket, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert len(rows(page_size="999999")) == 1
    assert get("requests.csv").status_code == 404


def test_hostile_words_stay_words(world: World, leader: Official) -> None:
    publish_ticket(world.ours.pk, actor=leader, text="<script>alert(1)</script> & ]]> \x0b \u0001")
    (request,) = ElementTree.fromstring(get("requests.xml").content)
    assert request.findtext("description").startswith("<script>alert(1)</script> & ]]>")
    assert get("requests.json")["Content-Type"].startswith("application/json")


def test_it_is_throttled_by_address(db: None) -> None:
    answers = {get("discovery.json").status_code for _ in range(121)}
    assert answers == {200, 429}
    assert get("discovery.json").json()[0]["code"] == 429


# --- Writing ---------------------------------------------------------------------------------------------------------

COMPLAINT = {
    "service_code": "trees",
    "description": "Cây xanh ngã đổ chắn đường.",
    "address_string": "Nơ Trang Long",
    "last_name": "Lê",
    "first_name": "Thu Hà",
    "phone": "0903111227",
}


def test_a_token_that_may_write_writes_one_down(world: World, officer_api: Any) -> None:
    answer = officer_api.post(f"{BASE}/requests.json", COMPLAINT)
    assert answer.status_code == 201
    (made,) = json.loads(answer.content)
    ticket = Ticket.objects.with_code(made["service_request_id"]).get()
    assert (ticket.category, ticket.text) == ("trees", COMPLAINT["description"])
    assert ticket.published_at is None and rows() == []


@pytest.mark.parametrize("why", ["nobody", "read-only", "may not"])
def test_without_the_right_token_nothing_is_written(world: World, why: str) -> None:
    before = Ticket.objects.count()
    if why == "nobody":
        answer: Any = Client().post(f"{BASE}/requests.json", COMPLAINT)
    elif why == "read-only":
        answer = token_client(world.officer, can_write=False).post(f"{BASE}/requests.json", COMPLAINT)
    else:
        answer = token_client(make_official(Role.AUDITOR)).post(f"{BASE}/requests.json", COMPLAINT)
    assert answer.status_code == 403
    assert json.loads(answer.content)[0]["code"] == 403
    assert Ticket.objects.count() == before


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"service_code": ""}, 400),
        ({"service_code": "nothing"}, 404),
        ({"description": ""}, 400),
        ({"address_string": ""}, 400),
        ({"lat": "x", "long": "1"}, 400),
        ({"lat": "nan", "long": "1"}, 400),
        ({"lat": "91", "long": "1"}, 400),
    ],
)
def test_what_is_missing_is_said(world: World, officer_api: Any, change: dict[str, str], status: int) -> None:
    before = Ticket.objects.count()
    answer = officer_api.post(f"{BASE}/requests.json", COMPLAINT | change)
    assert answer.status_code == status, answer.content
    assert Ticket.objects.count() == before


def test_a_date_without_an_offset_is_local(world: World, leader: Official, public: Ticket) -> None:
    sent = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)  # 06:30 on the 17th in Ho Chi Minh City
    Ticket.objects.filter(pk=public.pk).update(clock_from=sent)
    assert len(rows(start_date="2026-11-17", end_date="2026-11-18")) == 1
    assert rows(start_date="2026-11-16", end_date="2026-11-17") == []
