"""What a careful reading is looking at, so that payloads that end their readers are found."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0009_words_of_open_tickets"),
    ]

    operations = [
        migrations.CreateModel(
            name="PayloadInHand",
            fields=[
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="inbox.source",
                    ),
                ),
                ("in_hand", models.CharField(blank=True, max_length=64)),
                (
                    "suspect",
                    models.CharField(blank=True, help_text="What the reading before died over.", max_length=64),
                ),
                (
                    "deaths",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Readings in a row that died over the suspect."
                    ),
                ),
            ],
        ),
    ]
