"""Load the units of the city and the wards they replaced from the files in `data/`. Safe to repeat: keys decide."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from django.db import transaction

from inbox.core.text import fold
from inbox.units.models import LegacyWard, LegacyWardTarget, Unit, UnitKind

DATA = Path(__file__).parent / "data"
#: The day on which districts ended and the 168 units began.
REFORM = date(2025, 7, 1)

_KINDS = {"Phường": UnitKind.WARD, "Xã": UnitKind.COMMUNE, "Đặc khu": UnitKind.SPECIAL_ZONE}

#: Where tickets go that no ward can solve: (code, name, short name).
_CITY_AGENCIES = (
    ("SXD", "Sở Xây dựng Thành phố Hồ Chí Minh", "Sở Xây dựng"),
    ("SNNMT", "Sở Nông nghiệp và Môi trường Thành phố Hồ Chí Minh", "Sở Nông nghiệp và Môi trường"),
    ("TTHTKT", "Trung tâm Quản lý Hạ tầng kỹ thuật", "Hạ tầng kỹ thuật"),
    ("TTGTCC", "Trung tâm Quản lý Giao thông công cộng", "Giao thông công cộng"),
    ("EVNHCMC", "Tổng công ty Điện lực Thành phố Hồ Chí Minh", "Điện lực"),
    ("SAWACO", "Tổng công ty Cấp nước Sài Gòn", "Cấp nước"),
)

_Row = TypeVar("_Row", Unit, LegacyWard)
_WardKey = tuple[str, str]  # folded district and name: the wards dissolved before 2025 have no code here
_Targets = dict[_WardKey, list[tuple[str, str]]]  # → (code of a unit, relation)


@transaction.atomic
def load_units() -> int:
    """Create what is missing and correct what differs; returns how many units there are. A few statements."""
    _upsert([*_units(), *_agencies()], key=["code", "valid_from"])
    rows = list(_rows("legacy_to_new.csv"))
    by_code = {row["legacy_code"]: _legacy_ward(row) for row in rows}
    targets: _Targets = {}
    for row in rows:
        targets.setdefault(_key(by_code[row["legacy_code"]]), []).append((row["new_code"], row["relation"]))
    dissolved = _dissolved_earlier(by_code, targets)
    _upsert([*by_code.values(), *dissolved], key=["district_key", "search_key"])
    _insert_targets(targets)
    return Unit.objects.filter(valid_from=REFORM).count()


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _units() -> Iterator[Unit]:
    for row in _rows("units_2025.csv"):
        yield Unit(
            code=row["code"],
            valid_from=REFORM,
            name=row["name"],
            short_name=row["short_name"],
            kind=_KINDS[row["type"]],
            slug=row["slug"],
            search_key=fold(row["name"]),
            lat=float(row["lat"]),
            lng=float(row["lng"]),
        )


def _agencies() -> Iterator[Unit]:
    for code, name, short_name in _CITY_AGENCIES:
        yield Unit(
            code=code,
            valid_from=REFORM,
            name=name,
            short_name=short_name,
            kind=UnitKind.CITY_AGENCY,
            slug=code.lower(),
            search_key=fold(name),
        )


def _legacy_ward(row: Mapping[str, str]) -> LegacyWard:
    return LegacyWard(
        code=row["legacy_code"],
        name=row["legacy_name"],
        kind=row["legacy_type"],
        district_code=row["district_code"],
        district=row["district"],
        province=row["legacy_province"],
        search_key=fold(row["legacy_name"]),
        district_key=fold(row["district"]),
    )


def _dissolved_earlier(by_code: Mapping[str, LegacyWard], targets: _Targets) -> Iterator[LegacyWard]:
    """Wards that had gone into another ward before that one went too: they end up where it did."""
    for row in _rows("dissolved_before_2025_03.csv"):
        heir = by_code[row["into_legacy_code"]]
        ward = LegacyWard(
            name=row["dissolved_ward"],
            kind=heir.kind,
            district_code=heir.district_code,
            district=row["district"],
            province=heir.province,
            search_key=fold(row["dissolved_ward"]),
            district_key=fold(row["district"]),
        )
        targets[_key(ward)] = targets[_key(heir)]
        yield ward


def _key(ward: LegacyWard) -> _WardKey:
    return ward.district_key, ward.search_key


def _upsert(rows: Sequence[_Row], *, key: list[str]) -> None:
    model = type(rows[0])
    columns = [f.name for f in model._meta.concrete_fields if f.name not in {"id", "valid_to", "parent", *key}]
    model._default_manager.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=columns)


def _insert_targets(targets: _Targets) -> None:
    units = dict(Unit.objects.filter(valid_from=REFORM).values_list("code", "pk"))
    wards = {
        (district, name): pk
        for district, name, pk in LegacyWard.objects.values_list("district_key", "search_key", "pk")
    }
    LegacyWardTarget.objects.bulk_create(
        (
            LegacyWardTarget(legacy_id=wards[ward], unit_id=units[code], relation=relation)
            for ward, found in targets.items()
            for code, relation in found
        ),
        ignore_conflicts=True,
    )
