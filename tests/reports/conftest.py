"""A ward with its people and a source, and files that go to a folder of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.reports import keep, make
from inbox.reports.ask import ask_export
from inbox.reports.models import Export
from inbox.sources.models import Source
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_unit


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def other_ward(city: None) -> Unit:
    return make_unit()


@pytest.fixture
def portal(city: None) -> Source:
    return make_source("portal", connector="national_portal", label="Cổng DVCQG")


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward, "lanh.dao")


@pytest.fixture
def supervisor(city: None) -> Official:
    return make_official(Role.SUPERVISOR, None, "giam.sat")


def ask(actor: Official, file_format: str = "csv", *, with_mark: bool = False, **filters: str) -> Export:
    """Ask for a file, without making it."""
    wanted = {name: [value] for name, value in filters.items()}
    return ask_export(actor=actor, file_format=file_format, filters=wanted, with_mark=with_mark)


def made(actor: Official, file_format: str = "csv", **options: Any) -> Export:
    """Ask for a file and make it."""
    export = ask(actor, file_format, **options)
    make.make_waiting()
    export.refresh_from_db()
    return export


def content(export: Export) -> bytes:
    """What is in the file, fetched as its owner fetches it."""
    return keep.fetch(export.key, actor=export.asked_by).path.read_bytes()
