"""Readings keep how an answer began that could not be read."""

from django.db import migrations

import inbox.core.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0006_words_are_indexed"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncrun",
            name="sample",
            field=inbox.core.fields.EncryptedTextField(
                blank=True, help_text="How an answer begins that could not be read at all, without contacts."
            ),
        ),
    ]
