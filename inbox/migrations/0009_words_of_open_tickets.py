"""An index of its own for the words of open tickets: nearly every search is among them, and they are one in fifty.

On an expression that says the same as the column, because the planner takes the index of all tickets for the cheaper one
(`tickets.search.HasWords` writes it). PostgreSQL only; elsewhere searching reads the tickets that the list has.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations


def index_open(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE INDEX ticket_open_words ON inbox_ticket USING gin ((search_words || ''::tsvector)) WHERE is_open"
        )


def drop_open(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX ticket_open_words")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0008_read_at_size_and_change_fields")]

    operations = [migrations.RunPython(index_open, drop_open)]
