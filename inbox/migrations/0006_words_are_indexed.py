"""On PostgreSQL, an index of all words of a ticket, for the unit it is with.

The column of words is kept by the database itself. Adding it writes the table of tickets anew (about a minute for a
million) and needs the extension btree_gin, which the owner of a database may create; without it the index does
without the unit, and searching in one ward costs what searching in the city costs.
"""

from typing import Any

from django.db import DatabaseError, migrations, transaction

#: Words as `inbox.tickets.search.words_of` sees them. Longer than 64 letters is not a word; the index takes 2 KB.
WORDS = r"""
CREATE FUNCTION mot_moi_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT array_to_tsvector(ARRAY(
        SELECT DISTINCT left(trim(BOTH '/' FROM word), 64)
        FROM regexp_split_to_table(left($1, 100000), '([^[:alnum:]/]|/(?![0-9]))+') AS word
        WHERE trim(BOTH '/' FROM word) <> ''
    ))
$$
"""


def index_words(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(WORDS)
    schema_editor.execute(
        "ALTER TABLE inbox_ticket ADD COLUMN search_words tsvector"
        " GENERATED ALWAYS AS (mot_moi_words(search_key || ' ' || answer_key)) STORED"
    )
    try:
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
        columns = "unit_id, search_words"
    except DatabaseError:
        columns = "search_words"
    schema_editor.execute(f"CREATE INDEX ticket_words ON inbox_ticket USING gin ({columns})")


def drop_words(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE inbox_ticket DROP COLUMN search_words")
        schema_editor.execute("DROP FUNCTION mot_moi_words(text)")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0005_history_refuses_changes")]

    operations = [migrations.RunPython(index_words, drop_words)]
