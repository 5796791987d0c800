"""Say what a code of a source stands for, so that its complaints are understood from now on and those here again."""

from __future__ import annotations

from django.db import transaction

from connectors.records import SourceStatus
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.core.wake import after_commit
from inbox.sources.codes import decide
from inbox.sources.models import CodeMapping, Source
from inbox.sources.vocabulary import CodeKind
from inbox.tickets.vocabulary import Category

#: What a code may stand for.
MEANINGS = {
    CodeKind.STATUS: tuple(status.value for status in SourceStatus if status is not SourceStatus.UNMAPPED),
    CodeKind.CATEGORY: tuple(category.value for category in Category),
}


def map_code(slug: str, kind: str, code: str, meaning: str, *, actor: Official) -> CodeMapping:
    """Decide about one code of one source; a worker then reads again what came with it.

    Raises NotAllowed, NotFound, and Invalid for a kind, code or meaning that does not exist.
    """
    code_kind, source = checked(slug, kind, code, meaning, actor=actor)
    with transaction.atomic():
        Source.objects.select_for_update().get(pk=source.pk)
        decision = decide(source, code_kind, code, meaning, by=actor, at=clock.now())
        after_commit("inbox.intake.tasks.reread_code", source.pk, code_kind.value, code)
    return decision


def checked(slug: str, kind: str, code: str, meaning: str, *, actor: Official) -> tuple[CodeKind, Source]:
    """The kind and the source, once it is clear that this may be decided. Raises as `map_code`."""
    if not may(actor, Permission.MANAGE_SOURCES):
        raise NotAllowed("manage_sources is not granted")
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        raise NotFound("No such source")
    if kind not in list(CodeKind):
        raise Invalid("There is no such kind of code", field="kind")
    if not code or len(code) > 100:
        raise Invalid("There is no such code", field="code")
    if meaning not in MEANINGS[CodeKind(kind)]:
        raise Invalid("A code cannot stand for this", field="meaning")
    return CodeKind(kind), source
