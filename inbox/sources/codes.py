"""What the codes of a source stand for where its connector does not know them: decided by people, kept as data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.records import InboundRecord, SourceStatus
from inbox.accounts.models import Official
from inbox.sources.models import CodeMapping, Source
from inbox.sources.vocabulary import CodeKind

UNKNOWN_STATUS, UNKNOWN_CATEGORY = "unknown_status", "unknown_category"


@dataclass(frozen=True, slots=True)
class Codes:
    """The decisions about one source that hold now, by (kind, code)."""

    meanings: dict[tuple[str, str], str]

    def applied(self, record: InboundRecord) -> InboundRecord:
        """The record with its unknown codes understood. Its revision says so: a decision makes it news again."""
        changed = record
        status = self.meanings.get((CodeKind.STATUS, record.status_raw[:100]))
        if status and record.status is SourceStatus.UNMAPPED:
            changed = replace(changed, status=SourceStatus(status), remarks=_without(changed, UNKNOWN_STATUS))
        category = self.meanings.get((CodeKind.CATEGORY, record.category_raw[:100]))
        if category and UNKNOWN_CATEGORY in record.remarks:
            changed = replace(changed, category=category, remarks=_without(changed, UNKNOWN_CATEGORY))
        if changed is record:
            return record
        decided = hashlib.sha256(f"{status}:{category}".encode()).hexdigest()[:8]
        return replace(changed, revision=f"{record.revision[:190]}~{decided}")


def _without(record: InboundRecord, remark: str) -> tuple[str, ...]:
    return tuple(one for one in record.remarks if one != remark)


def codes_of(source: Source) -> Codes:
    """What people have decided about a source's codes."""
    rows = CodeMapping.objects.filter(source=source, ended_at__isnull=True).values_list("kind", "code", "meaning")
    return Codes({(kind, code): meaning for kind, code, meaning in rows})


def decide(source: Source, kind: CodeKind, code: str, meaning: str, *, by: Official, at: datetime) -> CodeMapping:
    """Put a decision on record; an earlier one about the same code ends. Call it inside a transaction."""
    CodeMapping.objects.filter(source=source, kind=kind, code=code, ended_at__isnull=True).update(ended_at=at)
    return CodeMapping.objects.create(source=source, kind=kind, code=code, meaning=meaning, mapped_by=by, mapped_at=at)
