"""The demonstration: accounts, sources that point at the sandbox, synthetic tickets. Never part of a real set-up.

The one password is made on first use and kept beside the database, readable by the owner only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from connectors import mapping
from connectors.records import InboundRecord, Place, Reporter, SourceStatus
from connectors.sandbox.complaints import Draft
from connectors.sandbox.generator import Generator
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.sources.setup import save_source, source_by_hand
from inbox.sources.vocabulary import Channel
from inbox.units.models import Unit

#: Phường Bình Thạnh: where the demo's officer and leader work.
DEMO_UNIT = "26929"
PAGE = 500


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account. `ward`: the role is held in the demo ward, not for the city."""

    full_name: str
    position: str
    role: Role
    ward: bool = False


ACCOUNTS: dict[str, Account] = {
    "canbo": Account("Trần Văn Hùng", "Cán bộ xử lý", Role.OFFICER, ward=True),
    "lanhdao": Account("Huỳnh Tấn Phát", "Phó Chủ tịch UBND phường", Role.LEADER, ward=True),
    "giamsat": Account("Nguyễn Thị Lan", "Giám sát Thành phố", Role.SUPERVISOR),
    "dieuphoi": Account("Lê Minh Tâm", "Điều phối", Role.TRIAGE),
    "quantri": Account("Phạm Quốc Bảo", "Quản trị hệ thống", Role.ADMIN),
    "kiemtoan": Account("Võ Thị Mai", "Kiểm toán", Role.AUDITOR),
}

#: Colleagues of the demo's officer, so that assigning and loads mean something. Nobody can log in as them.
COLLEAGUES = {
    "binhthanh-bao": "Võ Quốc Bảo",
    "binhthanh-tuan": "Lê Minh Tuấn",
    "binhthanh-mai": "Đặng Ngọc Mai",
    "binhthanh-ha": "Phạm Thị Thu Hà",
}


def load_accounts(data_dir: Path) -> str:
    """Make the demo accounts with the demo password, which is returned. Existing accounts are left as they are."""
    password = _password(data_dir / "demo_password")
    hashed = ""  # hashing is slow on purpose: once for all six
    unit = Unit.objects.current(timezone.localdate(clock.now())).get(code=DEMO_UNIT)
    for username, account in ACCOUNTS.items():
        if Official.objects.filter(username=username).exists():
            continue
        hashed = hashed or make_password(password)
        is_admin = account.role is Role.ADMIN
        official = Official.objects.create(
            username=username,
            password=hashed,
            full_name=account.full_name,
            position=account.position,
            email=f"{username}@mot-moi.example",
            is_staff=is_admin,
            is_superuser=is_admin,
        )
        Membership.objects.create(official=official, role=account.role, unit=unit if account.ward else None)
    _load_colleagues(unit)
    return password


def _load_colleagues(unit: Unit) -> None:
    officer = ACCOUNTS["canbo"]
    for username, full_name in COLLEAGUES.items():
        official, is_new = Official.objects.get_or_create(
            username=username,
            defaults={"full_name": full_name, "position": officer.position, "password": make_password(None)},
        )
        if is_new:
            Membership.objects.create(official=official, role=officer.role, unit=unit)


def load_sources(sandbox: str) -> None:
    """Set up three sources that point at the sandbox, read every 15 seconds so that one can watch."""
    login = {"username": "motmoi", "password": "motmoi"}
    for slug, connector, profile, label, short, path, values in (
        ("national-portal", "national_portal", "", "Cổng DVC quốc gia", "DVCQG", "/national-portal", login),
        ("hotline-1022", "hotline_1022", "", "Tổng đài 1022", "1022", "/hotline-1022", {"token": "motmoi-1022"}),
        ("gopy", "district_app", "gopy", "Bình Thạnh trực tuyến", "Bình Thạnh TT", "/gopy", login),
    ):
        save_source(
            slug,
            connector=connector,
            profile=profile,
            label=label,
            short_label=short,
            poll_seconds=15,
            values={"base_url": sandbox + path, **values},
        )


def load_tickets(wanted: int, *, seed: int, at: datetime) -> int:
    """Add synthetic walk-in tickets until there are `wanted`. Returns how many were added."""
    if not wanted:
        return 0
    source = source_by_hand(Channel.WALK_IN)
    have = source.refs.count()
    drafts = Generator(f"{seed}:{have}").seed_drafts([source.slug], count=max(0, wanted - have), at=at)
    records = [_record(draft, number) for number, (_, draft) in enumerate(drafts, start=have + 1)]
    for start in range(0, len(records), PAGE):
        with transaction.atomic():
            ingest_page(source, records[start : start + PAGE], at=at)
    return len(records)


def _record(draft: Draft, number: int) -> InboundRecord:
    spot, citizen = draft.spot, draft.citizen
    return InboundRecord(
        external_id=f"demo-{number}",
        revision="1",
        title=draft.title or mapping.title_from(draft.text),
        text=draft.text,
        status=SourceStatus.NEW,
        status_raw="new",
        category=draft.category,
        category_raw=draft.category,
        place=Place(
            text=spot.text,
            ward_code=spot.code,
            ward_name=spot.name,
            district_name=spot.district if spot.old_wording else "",
            lat=spot.lat,
            lng=spot.lng,
        ),
        reporter=Reporter(citizen.name, citizen.phone, citizen.email, citizen.address, citizen.anonymous),
        sent_at=draft.sent_at,
    )


def _password(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9), encoding="ascii")
    return path.read_text(encoding="ascii").strip()
