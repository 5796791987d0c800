"""What can be required once 0003 has filled it in: one event follows another, every clock has its late date."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0003_fill_in_what_was_there")]

    operations = [
        migrations.AlterField(
            model_name="slaclock",
            name="late_at",
            field=models.DateTimeField(help_text="The policy's working days after `due_at`."),
        ),
        migrations.AddConstraint(
            model_name="ticketevent",
            constraint=models.UniqueConstraint(fields=("ticket", "sequence"), name="event_chain_never_forks"),
        ),
    ]
