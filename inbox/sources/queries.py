"""Reading sources, their runs and their quarantine. Secrets and settings never come out of here."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core.errors import NotAllowed, NotFound
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.sources.vocabulary import Health, PayloadState, RunOutcome

TROUBLE = (Health.DOWN, Health.NEEDS_PERSON)


def sources(official: Official) -> QuerySet[Source]:
    """All sources by slug, with `.rejected`: how many of their payloads wait in quarantine. Raises NotAllowed."""
    _require(official, Permission.VIEW_SOURCES)
    rejected = (
        InboundPayload.objects.filter(source=OuterRef("pk"), state=PayloadState.REJECTED)
        .order_by()
        .values("source")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        Source.objects.select_related("unit")
        .defer("settings", "secrets", "cursor")
        .annotate(rejected=Coalesce(Subquery(rejected), 0))
        .order_by("slug")
    )


def source(slug: str, official: Official) -> Source:
    """One such source. Raises NotAllowed, NotFound."""
    found = sources(official).filter(slug=slug).first()
    if found is None:
        raise NotFound("No such source")
    return found


def runs_of(slug: str, official: Official) -> QuerySet[SyncRun]:
    """Runs of a source, newest first. Raises NotAllowed, NotFound."""
    return SyncRun.objects.filter(source=source(slug, official)).order_by("-started_at", "-pk")


def payloads(official: Official, *, state: str = "", source: str = "") -> QuerySet[InboundPayload]:
    """Payloads as received, newest first. They hold what citizens wrote, so only who manages sources reads them."""
    _require(official, Permission.MANAGE_SOURCES)
    found = InboundPayload.objects.select_related("source").order_by("-received_at", "-pk")
    if state:
        found = found.filter(state=state)
    if source:
        found = found.filter(source__slug=source)
    return found


def payload(pk: int, official: Official) -> InboundPayload:
    """One payload. Raises NotAllowed, NotFound."""
    found = payloads(official).filter(pk=pk).first()
    if found is None:
        raise NotFound("No such payload")
    return found


def quarantine_of(source: Source) -> QuerySet[InboundPayload]:
    """The payloads of a source that wait for a person, newest first, without what citizens wrote in them."""
    return InboundPayload.objects.filter(source=source, state=PayloadState.REJECTED).defer("body")


def in_trouble() -> list[Source]:
    """Sources that everybody should know are not well, the longest trouble first. Only what a badge shows."""
    return list(
        Source.objects.filter(is_enabled=True, health__in=TROUBLE)
        .order_by("health_since", "slug")
        .only("slug", "label", "short_label", "health", "health_since", "is_enabled")
    )


def fetched_since(at: datetime) -> dict[int, dict[str, int]]:
    """Per source id what its runs since `at` brought: `created`, `updated`, `failed` (runs that failed)."""
    rows = (
        SyncRun.objects.filter(started_at__gte=at)
        .order_by()
        .values("source_id")
        .annotate(
            created=Sum("created"),
            updated=Sum("updated"),
            failed=Count("pk", filter=Q(outcome=RunOutcome.FAILED)),
        )
    )
    return {row["source_id"]: {name: row[name] for name in ("created", "updated", "failed")} for row in rows}


def _require(official: Official, permission: Permission) -> None:
    if not may(official, permission):
        raise NotAllowed(f"{permission} is not granted")
