"""Public data: nobody is alone in them, nothing personal is in them, and their sums are right."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from inbox.reports import open_data
from inbox.reports.anonymity import K, published_as
from inbox.reports.models import OpenDataRelease
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Category
from inbox.units.models import Unit
from tests.factories import make_tickets

#: A day in December: the last whole month is November 2026.
DECEMBER = datetime(2026, 12, 3, 2, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(20))
def test_every_published_class_is_large_enough(seed: int) -> None:
    """Random months, with many rare cases; reckoned again from the outside."""
    chance = random.Random(seed)
    counts = {
        (unit, category): chance.choice((0, 1, 1, 2, 3, 4, 5, 6, 30))
        for unit in ("", "A", "B", "C")
        for category in ("noise", "trees", "other")
    }
    published = published_as(counts)
    sizes: Counter[tuple[str, str]] = Counter()
    for exact, shown in published.items():
        if shown is not None:
            sizes[shown] += counts[exact]
            assert shown[0] in {exact[0], ""} and shown[1] in {exact[1], ""}, "coarser, never wrong"
    assert all(size >= K for size in sizes.values())
    assert all(published[exact] == exact for exact, number in counts.items() if number >= K), "no coarser than needed"
    assert sum(counts[exact] for exact, shown in published.items() if shown is None) < K, "what is left out is few"


@pytest.fixture
def november(ward: Unit, other_ward: Unit, portal: Source) -> list[Ticket]:
    """Seven of one kind, two of another in the same ward, and one in another ward."""
    made = [
        *make_tickets(7, unit=ward, source=portal, category="noise", at=NOVEMBER, title="Gọi 0903111227"),
        *make_tickets(2, unit=ward, source=portal, category="trees", at=NOVEMBER),
        *make_tickets(1, unit=other_ward, source=portal, category="trees", at=NOVEMBER),
        *make_tickets(3, unit=ward, source=portal, category="noise", at=NOVEMBER + timedelta(days=14)),
    ]
    done = made[0]
    done.set_status("resolved")
    done.resolved_at = NOVEMBER + timedelta(days=2)
    done.save()
    done.clocks.filter(kind="resolve").update(state="met")
    return made


def rows() -> list[dict[str, str]]:
    found = open_data.opened("csv")
    assert found is not None
    with found[1] as file:
        return list(csv.DictReader(io.StringIO(file.read().decode())))


@pytest.mark.django_db
def test_rows_say_no_more_than_five_share(november: list[Ticket]) -> None:
    release = open_data.release(DECEMBER)

    found = rows()
    assert (release.rows, release.coarser, release.left_out) == (7, 0, 3), "three cannot hide among five"
    assert {(row["month"], row["unit_code"], row["category"]) for row in found} == {("2026-11", "26929", "noise")}
    resolved = [row for row in found if row["outcome"] == "resolved"]
    assert [(row["on_time"], row["days"]) for row in resolved] == [("true", "2")]
    assert all(row["on_time"] == row["days"] == "" for row in found if row["outcome"] == "open")


@pytest.mark.django_db
def test_rare_fields_are_left_empty_and_then_rare_wards(ward: Unit, other_ward: Unit, portal: Source) -> None:
    for category in ("noise", "trees", "water"):
        make_tickets(2, unit=ward, source=portal, category=category, at=NOVEMBER)
    for unit in (other_ward, None):
        make_tickets(3, unit=unit, source=portal, category="bus", at=NOVEMBER)
    assert open_data.release(DECEMBER).coarser == 9, "three without a ward were never in one"
    assert Counter((row["unit_code"], row["category"]) for row in rows()) == {("26929", ""): 6, ("", "bus"): 6}


@pytest.mark.django_db
def test_both_files_say_the_same_and_nothing_of_a_person(november: list[Ticket]) -> None:
    open_data.release(DECEMBER)
    found = open_data.opened("json")
    assert found is not None
    with found[1] as file:
        text = file.read().decode()
    document = json.loads(text)
    assert document["k"] == K and document["last_month"] == "2026-11"
    assert [{name: row[name] for name in ("month", "unit_code", "outcome")} for row in document["rows"]] == [
        {name: row[name] for name in ("month", "unit_code", "outcome")} for row in rows()
    ]
    for secret in ("PA-", "0903", "Thu Hà", "Nơ Trang Long", november[0].title, "2026-11-17", "10.8"):
        assert secret not in text, secret


@pytest.mark.django_db
def test_sums_are_right_at_size(ward: Unit, other_ward: Unit, portal: Source) -> None:
    """A month of random tickets: every row counted once, every class large enough."""
    chance = random.Random(3)
    for ticket in make_tickets(300, unit=ward, source=portal, at=NOVEMBER):
        Ticket.objects.filter(pk=ticket.pk).update(
            category=chance.choice(list(Category)), unit=chance.choice([ward, other_ward, None])
        )
    release = open_data.release(DECEMBER)
    assert release.rows + release.left_out == 300
    classes = Counter((row["unit_code"], row["category"]) for row in rows())
    assert min(classes.values()) >= K


@pytest.mark.django_db
def test_it_is_made_once_a_month_and_replaces_the_last(november: list[Ticket], tmp_path: Path) -> None:
    first = open_data.release_due(DECEMBER)
    assert first is not None
    assert open_data.release_due(DECEMBER + timedelta(days=1)) is None, "a second scheduler changes nothing"
    second = open_data.release_due(DECEMBER + timedelta(days=31))
    assert second is not None and second.last_month.month == 12
    files = [path for path in (tmp_path / "open-data").rglob("*") if path.is_file()]
    assert len(files) == 2, "what was published before is gone"
    assert OpenDataRelease.objects.count() == 2, "the record of it stays"


@pytest.mark.django_db
def test_anybody_gets_it_without_logging_in(november: list[Ticket]) -> None:
    cache.clear()
    client = Client()
    assert "/open-data/phan-anh.csv" not in client.get("/open-data/").content.decode()
    assert client.get("/open-data/phan-anh.csv").status_code == 404
    open_data.release(DECEMBER)
    assert "/open-data/phan-anh.csv" in client.get("/open-data/").content.decode()
    answer = client.get("/open-data/phan-anh.csv")
    assert answer.status_code == 200 and answer["Access-Control-Allow-Origin"] == "*"
    assert b"".join(answer.streaming_content).startswith(b"month,unit_code")  # type: ignore[attr-defined]
    assert client.get("/open-data/phan-anh.exe").status_code == 404
    assert client.post("/open-data/phan-anh.csv").status_code == 405
    cache.clear()


@pytest.mark.django_db
def test_the_command_publishes_and_copies(
    november: list[Ticket], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.management.commands.publish_open_data.clock.now", lambda: DECEMBER)
    out = tmp_path / "out"
    out.mkdir()
    call_command("publish_open_data", copy_to=str(out), json=True)
    assert json.loads(capsys.readouterr().out)["rows"] == 7
    assert {path.name for path in out.iterdir()} == {"phan-anh.csv", "phan-anh.json"}
