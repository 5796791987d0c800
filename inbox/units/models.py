"""Wards and departments of today, the wards of before 01/07/2025, and what became of them.

A code alone names nothing: most codes in force re-use the code of an older ward, often under another name. The key of
a unit is (code, valid_from). How a place is turned into a unit is not decided here, see `inbox.routing`.
"""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q


class UnitKind(models.TextChoices):
    """What a unit is. The first three cover the map without a gap; agencies have no area of their own."""

    WARD = "phuong", "phường"
    COMMUNE = "xa", "xã"
    SPECIAL_ZONE = "dac_khu", "đặc khu"
    CITY_AGENCY = "city_agency", "đơn vị thành phố"


class UnitQuerySet(models.QuerySet["Unit"]):
    def current(self, on: date) -> UnitQuerySet:
        """Units in force on the local date `on`. `valid_to` is the first day on which a unit is gone."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)


class Unit(models.Model):
    """Who works on tickets: a ward, a commune, the special zone, or a city agency that tickets are transferred to."""

    code = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    name = models.CharField(max_length=150, help_text="With its type: Phường Bình Thạnh.")
    short_name = models.CharField(max_length=150, help_text="Without its type: Bình Thạnh.")
    kind = models.CharField(max_length=20, choices=UnitKind.choices)
    slug = models.SlugField(max_length=150)
    search_key = models.CharField(max_length=150, db_index=True, editable=False)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    changed_at = models.DateTimeField(auto_now=True, help_text="Tells processes that keep the list in memory.")

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["search_key", "code"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="unit_code_valid_from"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="unit_valid_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LegacyWard(models.Model):
    """A ward that source systems still send although it is gone. Wards dissolved before 2025 have no code here."""

    code = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=150)
    kind = models.CharField(max_length=20)
    district_code = models.CharField(max_length=20, blank=True)
    district = models.CharField(max_length=150)
    province = models.CharField(max_length=150)
    search_key = models.CharField(max_length=150, db_index=True, editable=False)
    district_key = models.CharField(max_length=150, editable=False)
    targets = models.ManyToManyField(Unit, through="LegacyWardTarget", related_name="legacy_wards")
    changed_at = models.DateTimeField(auto_now=True, help_text="Save the ward when its targets change.")

    class Meta:
        ordering = ["district_key", "search_key"]
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="legacy_ward_code"),
            models.UniqueConstraint(fields=["district_key", "search_key"], name="legacy_ward_name_in_district"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.district}"


class TargetRelation(models.TextChoices):
    """Whether all of the old ward went into the unit, or the unit is one of several that share it."""

    FULL = "full", "toàn bộ"
    PARTIAL = "partial", "một phần"


class LegacyWardTarget(models.Model):
    """One unit that an old ward, or a part of it, belongs to now."""

    legacy = models.ForeignKey(LegacyWard, on_delete=models.CASCADE, related_name="target_rows")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="legacy_rows")
    relation = models.CharField(max_length=10, choices=TargetRelation.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["legacy", "unit"], name="legacy_ward_target_once")]

    def __str__(self) -> str:
        return f"{self.legacy_id} → {self.unit_id} ({self.relation})"
