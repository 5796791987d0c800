"""Rows that belong to no domain: signs of life of the background processes."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a background job last did its round. `/readyz` reads its age."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
