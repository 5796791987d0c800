"""On PostgreSQL the database itself refuses to change or delete what has happened. The chain of hashes names whoever
gets around it; this stops accidents and everybody who is not the database's owner.
"""

from typing import Any

from django.db import migrations

FORWARD = """
CREATE FUNCTION inbox_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE ON inbox_ticketevent
    FOR EACH ROW EXECUTE FUNCTION inbox_history_is_append_only();
"""
BACKWARD = """
DROP TRIGGER history_is_append_only ON inbox_ticketevent;
DROP FUNCTION inbox_history_is_append_only();
"""


def forward(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FORWARD)


def backward(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BACKWARD)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_histories_never_fork")]

    operations = [migrations.RunPython(forward, backward)]
