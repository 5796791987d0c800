"""Roles: who somebody is in a unit."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """DOMAIN: officer works a ward's tickets, leader assigns and approves, the others serve the whole city."""

    OFFICER = "officer"  # cán bộ xử lý
    LEADER = "leader"  # lãnh đạo phường
    SUPERVISOR = "supervisor"  # giám sát
    TRIAGE = "triage"  # điều phối
    ADMIN = "admin"  # quản trị
    AUDITOR = "auditor"  # kiểm toán


#: Roles that are held for the city as a whole and therefore have no unit.
CITY_ROLES = frozenset({Role.SUPERVISOR, Role.TRIAGE, Role.ADMIN, Role.AUDITOR})
