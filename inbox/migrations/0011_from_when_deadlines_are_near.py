"""Tickets say from when on their next deadline is near: one pass through the open ones then counts every view.
Indexes carry what is counted, so that menus read no tables.

On PostgreSQL this reads the table of tickets four times and looks up the clocks of the open ones.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill_in(apps: Any, schema_editor: Any) -> None:
    """For tickets that are open now; ended ones have no next deadline."""
    alias = schema_editor.connection.alias
    driving = (
        apps.get_model("inbox", "SlaClock")
        .objects.using(alias)
        .filter(ticket=OuterRef("pk"), state="running", due_at=OuterRef("next_due_at"))
        .order_by("warn_at")
    )
    tickets = apps.get_model("inbox", "Ticket").objects.using(alias)
    tickets.filter(is_open=True, next_due_at__isnull=False).update(next_warn_at=Subquery(driving.values("warn_at")[:1]))


class Migration(migrations.Migration):
    dependencies = [("inbox", "0010_payload_in_hand")]

    operations = [
        migrations.RemoveIndex(model_name="slaclock", name="sla_clock_warned"),
        migrations.RemoveIndex(model_name="ticket", name="ticket_city_queue"),
        migrations.RemoveIndex(model_name="ticket", name="ticket_queue"),
        migrations.RemoveIndex(model_name="ticket", name="ticket_resolved"),
        migrations.RemoveIndex(model_name="ticket", name="ticket_city_resolved"),
        migrations.AddField(
            model_name="ticket",
            name="next_warn_at",
            field=models.DateTimeField(
                blank=True,
                help_text="From when on that deadline is near; empty when it is only the source's own.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["next_due_at", "id"],
                include=(
                    "unit",
                    "source",
                    "assignee",
                    "status",
                    "category",
                    "urgency",
                    "received_at",
                    "next_warn_at",
                ),
                name="ticket_city_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["unit", "next_due_at", "id"],
                include=("source", "assignee", "status", "next_warn_at", "late_risk"),
                name="ticket_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", False)),
                fields=["unit", "-resolved_at", "-id"],
                include=("status",),
                name="ticket_resolved",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", False)),
                fields=["-resolved_at", "-id"],
                include=("status",),
                name="ticket_city_resolved",
            ),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]
