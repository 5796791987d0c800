"""What all imitated systems share: one call, paging with its faults, files, and the bookkeeping of writes.

Wire formats do not belong here: each system's module has its own.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from werkzeug import Request, Response

from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import ACCOUNTS, Account
from connectors.sandbox.complaints import LOCAL, Answer, Complaint, Draft, Stage, Write
from connectors.sandbox.fault_data import Row, Shape, spoil_row, spoil_rows
from connectors.sandbox.fault_files import serve_file
from connectors.sandbox.faults import FaultBoard, Operation
from connectors.sandbox.store import Store

#: Outside of these, adding a day or changing the zone may overflow.
SANE_YEARS = range(1900, 9999)


class System(ABC):
    """One imitated source system. Subclasses say what it is called and speak its wire format."""

    slug: ClassVar[str]
    mount: ClassVar[str]
    label: ClassVar[str]  # in Vietnamese, for the control page
    stages: ClassVar[Mapping[Stage, str]]  # our stage → this system's status code
    statuses: ClassVar[Mapping[str, str]]  # status code → the label citizens see
    closed: ClassVar[frozenset[str]]  # codes after which the complaint is settled
    shape: ClassVar[Shape]
    is_seeded: ClassVar[bool] = True  # False: it has only the complaints that are made through the control API
    keeps_withdrawn: ClassVar[bool] = False  # False: a withdrawn complaint vanishes from every answer

    def __init__(self, *, store: Store, board: FaultBoard, now: Callable[[], datetime]) -> None:
        self.store = store
        self.board = board
        self.now = now

    @abstractmethod
    def handle(self, call: Call) -> Response:
        """Answer one request."""

    @abstractmethod
    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        """External id and second id of the complaint with this number."""

    @abstractmethod
    def operation(self, request: Request, path: str) -> Operation:
        """What this request asks for, so that faults can be limited to it."""

    def due_at(self, draft: Draft) -> datetime | None:
        """The deadline this system sets when it takes a complaint, or None."""
        return None

    def take_complaint(self, draft: Draft) -> Complaint:
        """Store a citizen's complaint under new ids, as far handled as the draft says."""
        with self.store.transaction():
            number = self.store.next_number(self.slug)
            external_id, second_id = self.ids(number, draft.sent_at)
            status = self.stages[draft.stage]
            updated_at = draft.handled_at or draft.sent_at
            handled = draft.stage is not Stage.WAITING
            steps = (Answer(draft.answer, updated_at, "", "Bộ phận tiếp nhận", status, ours=False),) if handled else ()
            complaint = Complaint(
                source=self.slug,
                number=number,
                external_id=external_id,
                second_id=second_id,
                status=status,
                title=draft.title,
                text=draft.text,
                category=draft.category,
                sent_at=draft.sent_at,
                updated_at=updated_at,
                citizen=draft.citizen,
                spot=draft.spot,
                photos=draft.photos,
                channel=draft.channel,
                due_at=self.due_at(draft),
                answers=steps,
            )
            self.store.save(complaint)
            return complaint

    def visible(self) -> list[Complaint]:
        """What the system shows: everything, or everything that was not withdrawn."""
        return [c for c in self.store.complaints(self.slug) if self.keeps_withdrawn or not c.withdrawn]

    def find(self, external_id: str) -> Complaint | None:
        """A complaint the system shows, by its stable key."""
        complaint = self.store.find(self.slug, external_id)
        return complaint if complaint and (self.keeps_withdrawn or not complaint.withdrawn) else None

    def account(self, call: Call) -> Account:
        """The account that is accepted now; the fault `password_changed` puts another password there."""
        account = ACCOUNTS[self.slug]
        fault = call.take("password_changed")
        if fault is None:
            return account
        return replace(account, password=fault.options["password"] or f"changed:{fault.number}")

    def page(
        self,
        call: Call,
        found: Sequence[Complaint],
        *,
        number: int,
        size: int,
        render: Callable[[Complaint], Row],
    ) -> list[Row]:
        """The rows of one page (`number` counts from 1), with the data faults that fire on this call."""
        start = (number - 1) * size
        if start > 0 and (fault := call.take("shifting_rows")):
            start = max(0, start - int(fault.options["by"]))
        shown = list(found[start : start + size])
        if start > 0 and shown and call.take("duplicate_across_pages"):
            shown.insert(0, found[start - 1])
        return spoil_rows([render(complaint) for complaint in shown], call, self.shape)

    def spoiled(self, call: Call, row: Row) -> Row:
        """A single record with the data faults that fire on this call."""
        return spoil_row(row, call, self.shape)

    def file(self, call: Call, name: str) -> Response:
        """A photo or attachment by its name."""
        return serve_file(name, call)

    def apply(
        self, call: Call, complaint: Complaint, step: Answer, *, due_at: datetime | None = None, new_second_id: str = ""
    ) -> Complaint:
        """Let a write take effect and note it. With the fault `write_dropped` it is only noted."""
        with self.store.transaction():
            if call.take("write_dropped"):
                self.note(complaint.external_id, step, "dropped")
                return complaint
            changed = replace(
                complaint,
                status=step.status,
                answers=(*complaint.answers, step),
                updated_at=self.now(),
                due_at=due_at or complaint.due_at,
                second_id=new_second_id or complaint.second_id,
            )
            self.store.save(changed)
            self.note(complaint.external_id, step, "applied")
            return changed

    def note(self, external_id: str, step: Answer, outcome: str) -> None:
        """Put a received write on record, whatever became of it."""
        self.store.log_write(
            Write(self.slug, self.now(), external_id, step.key, step.status, step.text, step.author, outcome)
        )


def json_response(body: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as these systems write it: real letters, and a lone surrogate as the escape a broken client would send."""
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(content, status=status, content_type="application/json; charset=utf-8", headers=headers)


def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; {} when it is anything else."""
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def parse_time(text: object, *formats: str) -> datetime | None:
    """A naive local time in one of the formats, made aware; None when it fits none of them or names no sane year."""
    for form in formats:
        try:
            at = datetime.strptime(str(text), form).replace(tzinfo=LOCAL)
        except ValueError:
            continue
        return at if at.year in SANE_YEARS else None
    return None


def whole_number(value: object, *, least: int, most: int) -> int | None:
    """An integer within bounds, also when it comes as text; None for anything else."""
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if least <= number <= most else None


def local_text(at: datetime | None, form: str) -> str:
    """An instant in local time without a zone, as these systems print it; "" for None."""
    return at.astimezone(LOCAL).strftime(form) if at else ""
