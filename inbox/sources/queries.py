"""Reading sources, their runs and their quarantine. Secrets and settings never come out of here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncHour
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core.errors import NotAllowed, NotFound
from inbox.sources import rhythm
from inbox.sources.models import CodeMapping, InboundPayload, Outage, Source, SyncRun
from inbox.sources.vocabulary import Health, PayloadState, RunOutcome

CELLS, HALF_HOUR = 48, timedelta(minutes=30)
TROUBLE = (Health.DOWN, Health.NEEDS_PERSON)


def sources(official: Official) -> QuerySet[Source]:
    """All sources by slug, with `.rejected`, how many of their payloads wait in quarantine, and `.outage_began`.

    Raises NotAllowed.
    """
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
        .annotate(rejected=Coalesce(Subquery(rejected), 0), outage_began=outage_began())
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
    return readings_of(source(slug, official))


def readings_of(source: Source) -> QuerySet[SyncRun]:
    """Runs of a source that one has already, newest first."""
    return SyncRun.objects.filter(source=source).order_by("-started_at", "-pk")


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


def originals(pairs: Sequence[tuple[int, str]]) -> list[InboundPayload]:
    """The newest payload of each (source id, external id), as received. For actions that have asked and log it."""
    found = []
    for source, external_id in pairs:
        rows = InboundPayload.objects.filter(source=source, external_id=external_id).select_related("source")
        newest = rows.order_by("-received_at", "-pk").first()
        if newest is not None:
            found.append(newest)
    return found


def quarantine(official: Official) -> QuerySet[InboundPayload]:
    """What waits for a person in all sources, newest first, without what citizens wrote in it. Raises NotAllowed."""
    _require(official, Permission.VIEW_SOURCES)
    rejected = InboundPayload.objects.filter(state=PayloadState.REJECTED).select_related("source")
    hidden = ("body", "source__settings", "source__secrets", "source__cursor", "source__rhythm")
    return rejected.defer(*hidden).order_by("-received_at", "-pk")


def quarantine_of(source: Source) -> QuerySet[InboundPayload]:
    """The payloads of a source that wait for a person, newest first, without what citizens wrote in them."""
    return InboundPayload.objects.filter(source=source, state=PayloadState.REJECTED).defer("body")


def names(official: Official) -> list[tuple[str, str]]:
    """Slugs and labels, to choose from. Raises NotAllowed."""
    _require(official, Permission.VIEW_SOURCES)
    return list(Source.objects.order_by("label").values_list("slug", "label"))


def outage_began() -> Subquery:
    """For rows of sources: since when the source is away, None while it is not."""
    return Subquery(Outage.objects.filter(source=OuterRef("pk"), ended__isnull=True).values("began")[:1])


def outages(official: Official, *, source: str = "") -> QuerySet[Outage]:
    """When sources were away, the newest first. Raises NotAllowed."""
    _require(official, Permission.VIEW_SOURCES)
    found = Outage.objects.select_related("source").defer("source__settings", "source__secrets", "source__cursor")
    found = found.order_by("-began", "-pk")
    return found.filter(source__slug=source) if source else found


@dataclass(slots=True)
class Pulse:
    """How the last 24 hours of a source went. `cells`: half hours, oldest first: ok, warn, down or off (not read)."""

    cells: list[str] = field(default_factory=lambda: ["off"] * CELLS)
    runs: int = 0
    failed: int = 0

    @property
    def error_rate(self) -> float | None:
        """Share of readings that failed; None when there were none."""
        return self.failed / self.runs if self.runs else None

    @property
    def troubled(self) -> int:
        """Half hours in which not everything went well."""
        return sum(cell in {"warn", "down"} for cell in self.cells)


def pulses(at: datetime) -> dict[int, Pulse]:
    """Per source id how the 24 hours before `at` went, in one statement."""
    first = _half_hour(at) - (CELLS - 1) * HALF_HOUR
    rows = (
        SyncRun.objects.filter(started_at__gte=first, started_at__lte=at)
        .order_by()
        .values("source_id", hour=TruncHour("started_at"), late=Q(started_at__minute__gte=30))
        .annotate(
            runs=Count("pk"),
            failed=Count("pk", filter=Q(outcome=RunOutcome.FAILED)),
            spoiled=Count("pk", filter=Q(outcome=RunOutcome.ABANDONED) | Q(rejected__gt=0)),
        )
    )
    found: dict[int, Pulse] = {}
    for row in rows:
        pulse = found.setdefault(row["source_id"], Pulse())
        cell = int((row["hour"] + row["late"] * HALF_HOUR - first) / HALF_HOUR)
        if 0 <= cell < CELLS:
            all_failed = row["failed"] == row["runs"]
            pulse.cells[cell] = "down" if all_failed else "warn" if row["failed"] or row["spoiled"] else "ok"
        pulse.runs += row["runs"]
        pulse.failed += row["failed"]
    return found


def _half_hour(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)


def usual_since(source: Source, begin: datetime, at: datetime) -> int | None:
    """How many complaints a source usually brings between two instants; None while nothing has been learned."""
    if not source.rhythm:
        return None
    return round(rhythm.expected(source.rhythm, begin, at, tz=timezone.get_default_timezone()))


def code_mappings(source: Source) -> QuerySet[CodeMapping]:
    """What people have decided about a source's codes, the newest first, ended decisions included."""
    return CodeMapping.objects.filter(source=source).select_related("mapped_by").order_by("-mapped_at", "-pk")


def in_trouble() -> list[Source]:
    """Sources that everybody should know are not well, the longest trouble first. Only what a banner shows."""
    return list(
        Source.objects.filter(is_enabled=True, health__in=TROUBLE)
        .annotate(outage_began=outage_began())
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
