"""Who may do what: one table, role x permission. What a person may *see* is in `scope`, not here."""

from __future__ import annotations

from enum import StrEnum

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role


class Permission(StrEnum):
    """Things beyond looking at what one may see."""

    ENTER_TICKET = "enter_ticket"  # write down what a citizen says at the counter, by phone or by letter
    WORK_TICKET = "work_ticket"  # accept, start, note, reply, resolve, return, pause, resume
    ASSIGN_TICKET = "assign_ticket"  # give a ticket to somebody else; taking it oneself is WORK_TICKET
    TRANSFER_TICKET = "transfer_ticket"
    REOPEN_TICKET = "reopen_ticket"
    APPROVE_ANSWER = "approve_answer"  # let an officer's answer out, where the unit wants that
    MANAGE_DESK = "manage_desk"  # ready-made replies, task lists and rules of the unit; of the city for administrators
    APPROVE_EXTENSION = "approve_extension"  # give an officer more time, or not
    URGE = "urge"  # remind whoever works on a ticket (đôn đốc)
    MANAGE_DEADLINES = "manage_deadlines"  # calendars and policies
    VIEW_DEADLINES = "view_deadlines"
    REVEAL_REPORTER = "reveal_reporter"  # read phone, e-mail and full name
    VIEW_SOURCES = "view_sources"
    SYNC_SOURCE = "sync_source"
    MANAGE_SOURCES = "manage_sources"  # settings, credentials, quarantined payloads
    RETRY_DELIVERY = "retry_delivery"
    VIEW_FIGURES = "view_figures"  # of a whole unit; one's own everybody sees
    VIEW_EVIDENCE = "view_evidence"  # the lists; one record is seen by whoever sees its ticket
    PUBLISH_TICKET = "publish_ticket"  # write what everybody may read of it
    EXPORT = "export"  # take lists and reports out of the house: for those who answer for them, not for working


_P = Permission
TABLE: dict[Role, frozenset[Permission]] = {
    Role.OFFICER: frozenset({_P.ENTER_TICKET, _P.WORK_TICKET, _P.TRANSFER_TICKET, _P.REVEAL_REPORTER, _P.VIEW_SOURCES}),
    Role.LEADER: frozenset(
        {
            _P.ENTER_TICKET,
            _P.WORK_TICKET,
            _P.ASSIGN_TICKET,
            _P.TRANSFER_TICKET,
            _P.REOPEN_TICKET,
            _P.APPROVE_EXTENSION,
            _P.APPROVE_ANSWER,
            _P.PUBLISH_TICKET,
            _P.MANAGE_DESK,
            _P.URGE,
            _P.VIEW_DEADLINES,
            _P.REVEAL_REPORTER,
            _P.VIEW_FIGURES,
            _P.VIEW_SOURCES,
            _P.RETRY_DELIVERY,
            _P.VIEW_EVIDENCE,
            _P.EXPORT,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            _P.TRANSFER_TICKET,
            _P.REOPEN_TICKET,
            _P.URGE,
            _P.VIEW_DEADLINES,
            _P.VIEW_FIGURES,
            _P.VIEW_SOURCES,
            _P.SYNC_SOURCE,
            _P.VIEW_EVIDENCE,
            _P.EXPORT,
        }
    ),
    Role.TRIAGE: frozenset({_P.ENTER_TICKET, _P.TRANSFER_TICKET, _P.VIEW_FIGURES, _P.VIEW_SOURCES}),
    Role.ADMIN: frozenset(
        {
            _P.VIEW_DEADLINES,
            _P.MANAGE_DEADLINES,
            _P.VIEW_FIGURES,
            _P.VIEW_SOURCES,
            _P.SYNC_SOURCE,
            _P.MANAGE_SOURCES,
            _P.MANAGE_DESK,
            _P.RETRY_DELIVERY,
        }
    ),
    Role.AUDITOR: frozenset({_P.VIEW_FIGURES, _P.VIEW_SOURCES, _P.VIEW_DEADLINES, _P.VIEW_EVIDENCE, _P.EXPORT}),
}


def may(official: Official, permission: Permission, *, unit_id: int | None = None) -> bool:
    """Whether one of the person's roles grants `permission`; ward roles count only in their own unit.

    `unit_id` None asks without a unit (a city-wide thing such as sources): any role that grants it is enough.
    """
    for role, role_unit in official.roles():
        if permission in TABLE[role] and (unit_id is None or role_unit is None or role_unit == unit_id):
            return True
    return False
