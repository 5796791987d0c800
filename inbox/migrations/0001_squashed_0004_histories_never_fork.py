"""Everything as the releases up to 0004 leave it, in one step: a new database needs a third of the time.

Databases that exist go 0001 to 0004 one by one. tests/migrations compares what both ways lead to.
"""

import datetime
import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import inbox.bulk.vocabulary
import inbox.core.fields
import inbox.notify.vocabulary
import inbox.outbox.vocabulary
import inbox.reports.vocabulary
import inbox.sources.vocabulary
import inbox.tickets.vocabulary


class Migration(migrations.Migration):
    replaces = [
        ("inbox", "0001_initial"),
        ("inbox", "0002_desk_clock_delivery_and_figures"),
        ("inbox", "0003_fill_in_what_was_there"),
        ("inbox", "0004_histories_never_fork"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChainAnchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True)),
                ("made_at", models.DateTimeField()),
                ("tickets", models.PositiveIntegerField(help_text="Tickets that had a history by then.")),
                (
                    "changed",
                    models.PositiveIntegerField(help_text="Tickets whose history had moved since the last anchor."),
                ),
                ("root", models.CharField(max_length=64)),
                ("previous_hash", models.CharField(blank=True, max_length=64, unique=True)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["day"],
            },
        ),
        migrations.CreateModel(
            name="DirtyDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="EvidenceCounter",
            fields=[
                ("year", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Official",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("full_name", models.CharField(blank=True, max_length=150)),
                (
                    "position",
                    models.CharField(blank=True, help_text="Job title as shown to colleagues.", max_length=150),
                ),
                ("dense_list", models.BooleanField(default=False, help_text="Likes more tickets on one screen.")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="OpenDataRelease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_month", models.DateField()),
                ("last_month", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("rows", models.PositiveIntegerField()),
                (
                    "coarser",
                    models.PositiveIntegerField(help_text="Rows without ward or field, because too few were alike."),
                ),
                ("left_out", models.PositiveIntegerField(help_text="Tickets that even so would have been too rare.")),
                ("csv_hash", models.CharField(max_length=64)),
                ("csv_size", models.PositiveBigIntegerField()),
                ("json_hash", models.CharField(max_length=64)),
                ("json_size", models.PositiveBigIntegerField()),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Reporter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", inbox.core.fields.EncryptedTextField(blank=True)),
                ("phone", inbox.core.fields.EncryptedTextField(blank=True)),
                ("email", inbox.core.fields.EncryptedTextField(blank=True)),
                ("address", inbox.core.fields.EncryptedTextField(blank=True)),
                ("phone_hash", models.CharField(blank=True, db_index=True, max_length=64)),
                ("email_hash", models.CharField(blank=True, max_length=64)),
                ("name_hash", models.CharField(blank=True, db_index=True, default="", max_length=64)),
                ("is_anonymous", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("email_hash", ""), _negated=True),
                        fields=["email_hash"],
                        name="reporter_email",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
                ("name", models.CharField(help_text="With its type: Phường Bình Thạnh.", max_length=150)),
                ("short_name", models.CharField(help_text="Without its type: Bình Thạnh.", max_length=150)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("phuong", "phường"),
                            ("xa", "xã"),
                            ("dac_khu", "đặc khu"),
                            ("city_agency", "đơn vị thành phố"),
                        ],
                        max_length=20,
                    ),
                ),
                ("slug", models.SlugField(max_length=150)),
                ("search_key", models.CharField(db_index=True, editable=False, max_length=150)),
                ("lat", models.FloatField(blank=True, null=True)),
                ("lng", models.FloatField(blank=True, null=True)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="inbox.unit",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(auto_now=True, help_text="Tells processes that keep the list in memory."),
                ),
            ],
            options={
                "ordering": ["search_key", "code"],
                "constraints": [
                    models.UniqueConstraint(fields=("code", "valid_from"), name="unit_code_valid_from"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="unit_valid_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Upkeep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tickets_until", models.DateTimeField(help_text="Tickets changed before this are in.")),
                ("messages_until", models.DateTimeField(help_text="Deliveries before this are in.")),
                (
                    "calendar_change",
                    models.BigIntegerField(default=0, help_text="The last change of a calendar that is in."),
                ),
                ("done_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WorkCalendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=150)),
                ("time_zone", models.CharField(default="Asia/Ho_Chi_Minh", max_length=50)),
                ("weekly", models.JSONField()),
                ("later", models.JSONField(blank=True, db_default=[], default=list)),
                (
                    "follows",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followers",
                        to="inbox.workcalendar",
                    ),
                ),
                ("is_default", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["slug"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("is_default",), name="work_calendar_default"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("can_write", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="BulkJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bulk_jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("accept", "accept"),
                            ("assign", "assign"),
                            ("claim", "claim"),
                            ("start", "start"),
                            ("add_note", "add_note"),
                            ("reply", "reply"),
                            ("resolve", "resolve"),
                            ("return", "return"),
                            ("refuse", "refuse"),
                            ("transfer", "transfer"),
                            ("pause", "pause"),
                            ("resume", "resume"),
                            ("reopen", "reopen"),
                            ("extend", "extend"),
                            ("approve_extension", "approve_extension"),
                            ("refuse_extension", "refuse_extension"),
                            ("mark_several_agencies", "mark_several_agencies"),
                            ("urge", "urge"),
                            ("approve", "approve"),
                            ("send_back", "send_back"),
                            ("link", "link"),
                            ("unlink", "unlink"),
                            ("publish", "publish"),
                            ("unpublish", "unpublish"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "data",
                    inbox.core.fields.EncryptedJSONField(blank=True, help_text="What was typed into the verb's form."),
                ),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("lease_owner", models.CharField(blank=True, max_length=100)),
                ("lease_until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)), fields=["id"], name="bulk_unfinished"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="inbox.workcalendar"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("created", "lập lịch"),
                            ("day", "một ngày"),
                            ("hours", "giờ làm việc"),
                            ("unit", "đơn vị áp dụng"),
                        ],
                        db_default="day",
                        default="day",
                        max_length=10,
                    ),
                ),
                ("date", models.DateField()),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="CalendarOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="inbox.workcalendar"
                    ),
                ),
                ("date", models.DateField()),
                ("intervals", models.JSONField(blank=True, default=list)),
                ("reason", models.CharField(max_length=200)),
                ("legal_basis", models.CharField(blank=True, max_length=500)),
                ("confirmed", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["date"],
                "constraints": [models.UniqueConstraint(fields=("calendar", "date"), name="calendar_override_once")],
            },
        ),
        migrations.CreateModel(
            name="CannedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the whole city.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("procedures", "procedures"),
                            ("infrastructure", "infrastructure"),
                            ("flooding", "flooding"),
                            ("lighting", "lighting"),
                            ("noise", "noise"),
                            ("urban_order", "urban_order"),
                            ("construction", "construction"),
                            ("environment", "environment"),
                            ("security", "security"),
                            ("traffic", "traffic"),
                            ("bus", "bus"),
                            ("electricity", "electricity"),
                            ("water", "water"),
                            ("telecom", "telecom"),
                            ("trees", "trees"),
                            ("food_safety", "food_safety"),
                            ("fire_safety", "fire_safety"),
                            ("health", "health"),
                            ("conduct", "conduct"),
                            ("other", "other"),
                        ],
                        help_text="Empty: every field.",
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("body", models.TextField()),
                ("is_active", models.BooleanField(default=True)),
                ("uses", models.PositiveIntegerField(default=0)),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["title", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_active", True)), fields=["unit", "category"], name="canned_reply_fits"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, help_text="Its name in addresses.", unique=True
                    ),
                ),
                ("kind", models.CharField(choices=[("tickets", "tickets")], max_length=20)),
                (
                    "format",
                    models.CharField(choices=[("csv", "csv"), ("xlsx", "xlsx"), ("parquet", "parquet")], max_length=10),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="exports", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("parameters", models.JSONField(default=dict, help_text="The filters, from the allow-list.")),
                (
                    "with_mark",
                    models.BooleanField(default=False, help_text="CSV begins with a byte order mark, for Excel."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("expired", "expired"),
                            ("deleted", "deleted"),
                        ],
                        default=inbox.reports.vocabulary.ExportState["WAITING"],
                        max_length=10,
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_allowed", "not_allowed"),
                            ("invalid", "invalid"),
                            ("disk", "disk"),
                            ("gave_up", "gave_up"),
                            ("fault", "fault"),
                        ],
                        max_length=20,
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0, help_text="Rows there were when it was asked for.")),
                ("rows", models.PositiveIntegerField(default=0, help_text="Rows written so far.")),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("lease_owner", models.CharField(blank=True, max_length=40)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("last_key", models.BigIntegerField(default=0, help_text="The last ticket that is in the draft.")),
                (
                    "draft_size",
                    models.PositiveBigIntegerField(default=0, help_text="Bytes of the draft that are certainly there."),
                ),
                ("reach", models.JSONField(default=dict, help_text="Whose tickets the file holds.")),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "seen_at",
                    models.DateTimeField(
                        blank=True, help_text="When the person first saw that it is ready.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["asked_by", "-id"], name="export_list"),
                    models.Index(
                        condition=models.Q(("state__in", ["running", "waiting"])), fields=["id"], name="export_to_make"
                    ),
                    models.Index(condition=models.Q(("state", "done")), fields=["expires_at"], name="export_to_expire"),
                    models.Index(
                        condition=models.Q(("seen_at__isnull", True), ("state", "done")),
                        fields=["asked_by"],
                        name="export_unseen",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HandlingCurve",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "unit",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.unit"
                    ),
                ),
                ("category", models.CharField(blank=True, max_length=20)),
                ("round_the_clock", models.BooleanField()),
                ("count", models.PositiveIntegerField()),
                ("steps", models.JSONField(help_text="Seconds that counted, with the share still open from there on.")),
            ],
            options={
                "indexes": [models.Index(fields=["category"], name="handling_curve_category")],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                ("request_hash", models.CharField(help_text="Of method, address and body.", max_length=64)),
                ("created_at", models.DateTimeField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("etag", models.CharField(blank=True, max_length=100)),
                ("body", models.JSONField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["official", "created_at"], name="idempotency_age")],
                "constraints": [models.UniqueConstraint(fields=("official", "key"), name="idempotency_key_once")],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="letters", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notices", "notices"),
                            ("digest", "digest"),
                            ("source", "source"),
                            ("report", "report"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.CharField(max_length=100, unique=True)),
                (
                    "data",
                    models.JSONField(default=dict, help_text="What a letter about a report says; no personal data."),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["official", "kind", "created_at"], name="letter_latest")],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("officer", "officer"),
                            ("leader", "leader"),
                            ("supervisor", "supervisor"),
                            ("triage", "triage"),
                            ("admin", "admin"),
                            ("auditor", "auditor"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="inbox.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("official", "role", "unit"), name="membership_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("unit__isnull", True)),
                        fields=("official", "role"),
                        name="membership_city_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("role__in", ["admin", "auditor", "supervisor", "triage"]), ("unit__isnull", True)
                            ),
                            models.Q(
                                models.Q(("role__in", ["admin", "auditor", "supervisor", "triage"]), _negated=True),
                                ("unit__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="membership_unit_fits_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="preference",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("by_email", models.BooleanField(default=True)),
                ("digest", models.BooleanField(default=True)),
                ("at_any_hour", models.BooleanField(default=False)),
                ("language", models.CharField(blank=True, max_length=5)),
                (
                    "other_channel",
                    inbox.core.fields.EncryptedTextField(
                        blank=True, help_text="Address for the notification library; may hold a token."
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Recalculation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recalculations",
                        to="inbox.workcalendar",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.unit"
                    ),
                ),
                ("first", models.DateField(help_text="Only clocks whose time touches the dates from here …")),
                ("last", models.DateField(help_text="… to here can move.")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("moved", models.PositiveIntegerField(default=0)),
                ("last_key", models.BigIntegerField(default=0, help_text="The last clock that was looked at.")),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at__isnull", True), ("unit__isnull", True)),
                        fields=("calendar",),
                        name="recalculation_one_of_calendar",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at__isnull", True), ("unit__isnull", False)),
                        fields=("unit",),
                        name="recalculation_one_of_unit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportSubscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "report",
                    models.CharField(
                        choices=[("ward", "ward"), ("ranking", "ranking"), ("figures", "figures")], max_length=10
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        help_text="Empty: the city.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
                ("every", models.CharField(choices=[("week", "week"), ("month", "month")], max_length=10)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["official", "report", "unit", "every"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("official", "report", "unit", "every"),
                        name="report_subscription_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                (
                    "params",
                    models.CharField(help_text="Checked parameters of the list, as a query string.", max_length=1000),
                ),
                (
                    "shared_with",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to="inbox.unit",
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name", "pk"],
                "constraints": [models.UniqueConstraint(fields=("owner", "name"), name="saved_view_once")],
            },
        ),
        migrations.CreateModel(
            name="SlaPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=150)),
                ("version", models.PositiveIntegerField(default=1)),
                ("valid_from", models.DateField()),
                (
                    "valid_to",
                    models.DateField(blank=True, help_text="First day on which it no longer counts.", null=True),
                ),
                ("connector", models.CharField(blank=True, max_length=50)),
                ("source_slug", models.CharField(blank=True, max_length=50)),
                ("category", models.CharField(blank=True, max_length=50)),
                (
                    "urgency",
                    models.CharField(blank=True, choices=[("normal", "thường"), ("urgent", "khẩn cấp")], max_length=10),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
                ("accept_amount", models.PositiveIntegerField()),
                (
                    "accept_unit",
                    models.CharField(
                        choices=[
                            ("minutes", "phút"),
                            ("hours", "giờ"),
                            ("working_minutes", "phút làm việc"),
                            ("working_hours", "giờ làm việc"),
                            ("working_days", "ngày làm việc"),
                            ("calendar_days", "ngày (tính cả ngày nghỉ)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("resolve_amount", models.PositiveIntegerField()),
                (
                    "resolve_unit",
                    models.CharField(
                        choices=[
                            ("minutes", "phút"),
                            ("hours", "giờ"),
                            ("working_minutes", "phút làm việc"),
                            ("working_hours", "giờ làm việc"),
                            ("working_days", "ngày làm việc"),
                            ("calendar_days", "ngày (tính cả ngày nghỉ)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("several_agencies_amount", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "several_agencies_unit",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("minutes", "phút"),
                            ("hours", "giờ"),
                            ("working_minutes", "phút làm việc"),
                            ("working_hours", "giờ làm việc"),
                            ("working_days", "ngày làm việc"),
                            ("calendar_days", "ngày (tính cả ngày nghỉ)"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "max_pause_days",
                    models.PositiveIntegerField(default=30, help_text="Longest pause, in working days."),
                ),
                (
                    "warn_fraction",
                    models.FloatField(default=0.75, help_text="Share of the target after which to warn."),
                ),
                (
                    "late_days",
                    models.PositiveIntegerField(
                        default=1, help_text="Working days after the due date: the last level."
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="policies", to="inbox.workcalendar"
                    ),
                ),
                ("legal_basis", models.CharField(blank=True, db_default="", max_length=500)),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty for what was there from the beginning.", null=True
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, help_text="When somebody decided on `valid_to`.", null=True),
                ),
                ("end_reason", models.CharField(blank=True, db_default="", max_length=500)),
            ],
            options={
                "verbose_name_plural": "SLA policies",
                "ordering": ["name", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=("name", "version"), name="sla_policy_version"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("category", ""), ("connector", ""), ("source_slug", ""), ("urgency", ""), _negated=True
                            ),
                            ("unit__isnull", False),
                            _connector="OR",
                        ),
                        name="sla_policy_selects_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accept_amount__gt", 0),
                            ("resolve_amount__gt", 0),
                            models.Q(
                                ("several_agencies_amount__isnull", True),
                                ("several_agencies_amount__gt", 0),
                                _connector="OR",
                            ),
                        ),
                        name="sla_policy_positive_targets",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="sla_policy_valid_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("warn_fraction__gt", 0), ("warn_fraction__lt", 1)),
                        name="sla_policy_warn_fraction",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("label", models.CharField(max_length=100)),
                ("short_label", models.CharField(blank=True, max_length=30)),
                ("connector", models.CharField(max_length=50)),
                ("profile", models.CharField(blank=True, max_length=50)),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        help_text="The unit that runs this source, where it belongs to one.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sources",
                        to="inbox.unit",
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("secrets", inbox.core.fields.EncryptedJSONField(blank=True, default=dict)),
                ("is_enabled", models.BooleanField(default=True)),
                ("poll_seconds", models.PositiveIntegerField(default=300)),
                ("cursor", models.JSONField(blank=True, default=dict)),
                ("next_poll_at", models.DateTimeField(blank=True, null=True)),
                ("lease_owner", models.CharField(blank=True, max_length=100)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_after",
                    models.BigIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Key of the last reference asked about by its id: each reading asks about the next ones.",
                    ),
                ),
                (
                    "health",
                    models.CharField(
                        choices=[
                            ("unknown", "unknown"),
                            ("ok", "ok"),
                            ("degraded", "degraded"),
                            ("down", "down"),
                            ("needs_person", "needs_person"),
                            ("off", "off"),
                        ],
                        default=inbox.sources.vocabulary.Health["UNKNOWN"],
                        max_length=20,
                    ),
                ),
                ("health_since", models.DateTimeField(blank=True, null=True)),
                ("last_success_at", models.DateTimeField(blank=True, null=True)),
                ("last_error_at", models.DateTimeField(blank=True, null=True)),
                ("last_error_code", models.CharField(blank=True, max_length=50)),
                ("last_error_detail", models.CharField(blank=True, max_length=500)),
                ("failures_in_a_row", models.PositiveIntegerField(default=0)),
                (
                    "failing_since",
                    models.DateTimeField(blank=True, help_text="The first of the failures in a row.", null=True),
                ),
                (
                    "deliveries_paused",
                    models.BooleanField(
                        default=False,
                        help_text="Set when the source refuses our credentials: answers wait instead of burning attempts.",
                    ),
                ),
                (
                    "not_before",
                    models.DateTimeField(
                        blank=True, help_text="No worker asks the source anything before this instant.", null=True
                    ),
                ),
                (
                    "rhythm",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="New complaints an hour, learned for each of the 168 hours of the week; empty: not known yet.",
                    ),
                ),
                (
                    "silent_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="The last new complaint, when nothing has come for longer than is usual.",
                        null=True,
                    ),
                ),
                (
                    "deliveries_wait_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Nothing is sent before this instant: the source failed, or asked for it.",
                        null=True,
                    ),
                ),
                (
                    "deliveries_wait_asked",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="The source itself asked to wait, so good news do not end it.",
                    ),
                ),
            ],
            options={
                "ordering": ["slug"],
                "indexes": [
                    models.Index(condition=models.Q(("is_enabled", True)), fields=["next_poll_at"], name="source_due")
                ],
            },
        ),
        migrations.CreateModel(
            name="TaskTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the whole city.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("procedures", "procedures"),
                            ("infrastructure", "infrastructure"),
                            ("flooding", "flooding"),
                            ("lighting", "lighting"),
                            ("noise", "noise"),
                            ("urban_order", "urban_order"),
                            ("construction", "construction"),
                            ("environment", "environment"),
                            ("security", "security"),
                            ("traffic", "traffic"),
                            ("bus", "bus"),
                            ("electricity", "electricity"),
                            ("water", "water"),
                            ("telecom", "telecom"),
                            ("trees", "trees"),
                            ("food_safety", "food_safety"),
                            ("fire_safety", "fire_safety"),
                            ("health", "health"),
                            ("conduct", "conduct"),
                            ("other", "other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("words", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["category", "position", "pk"],
                "indexes": [models.Index(fields=["category", "unit"], name="task_template_fits")],
            },
        ),
        migrations.CreateModel(
            name="UnitCalendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "unit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="work_calendar", to="inbox.unit"
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="units", to="inbox.workcalendar"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnitDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("received", models.PositiveIntegerField(default=0)),
                ("accept_judged", models.PositiveIntegerField(default=0)),
                ("accept_on_time", models.PositiveIntegerField(default=0)),
                ("resolved", models.PositiveIntegerField(default=0)),
                ("resolve_judged", models.PositiveIntegerField(default=0)),
                ("resolve_on_time", models.PositiveIntegerField(default=0)),
                ("source_judged", models.PositiveIntegerField(default=0)),
                ("source_on_time", models.PositiveIntegerField(default=0)),
                ("late_elsewhere", models.PositiveIntegerField(default=0)),
                ("first_time_right", models.PositiveIntegerField(default=0)),
                ("outside_hours", models.PositiveIntegerField(default=0)),
                ("paused_minutes", models.PositiveIntegerField(default=0)),
                ("ended", models.PositiveIntegerField(default=0)),
                ("became_late", models.PositiveIntegerField(default=0)),
                ("reopened", models.PositiveIntegerField(default=0)),
                ("returned", models.PositiveIntegerField(default=0)),
                ("transferred", models.PositiveIntegerField(default=0)),
                ("delivered", models.PositiveIntegerField(default=0)),
                ("delivery_microseconds", models.PositiveBigIntegerField(default=0)),
                ("handled_00", models.PositiveIntegerField(default=0)),
                ("handled_01", models.PositiveIntegerField(default=0)),
                ("handled_02", models.PositiveIntegerField(default=0)),
                ("handled_03", models.PositiveIntegerField(default=0)),
                ("handled_04", models.PositiveIntegerField(default=0)),
                ("handled_05", models.PositiveIntegerField(default=0)),
                ("handled_06", models.PositiveIntegerField(default=0)),
                ("handled_07", models.PositiveIntegerField(default=0)),
                ("handled_08", models.PositiveIntegerField(default=0)),
                ("handled_09", models.PositiveIntegerField(default=0)),
                ("handled_10", models.PositiveIntegerField(default=0)),
                ("handled_11", models.PositiveIntegerField(default=0)),
                ("handled_12", models.PositiveIntegerField(default=0)),
                ("handled_13", models.PositiveIntegerField(default=0)),
                ("handled_14", models.PositiveIntegerField(default=0)),
                ("handled_15", models.PositiveIntegerField(default=0)),
                ("handled_16", models.PositiveIntegerField(default=0)),
                ("handled_17", models.PositiveIntegerField(default=0)),
                ("handled_18", models.PositiveIntegerField(default=0)),
                ("handled_19", models.PositiveIntegerField(default=0)),
                ("handled_20", models.PositiveIntegerField(default=0)),
                ("handled_21", models.PositiveIntegerField(default=0)),
                ("handled_22", models.PositiveIntegerField(default=0)),
                ("handled_23", models.PositiveIntegerField(default=0)),
                ("handled_24", models.PositiveIntegerField(default=0)),
                ("handled_25", models.PositiveIntegerField(default=0)),
                ("handled_26", models.PositiveIntegerField(default=0)),
                ("handled_27", models.PositiveIntegerField(default=0)),
                ("handled_28", models.PositiveIntegerField(default=0)),
                ("handled_29", models.PositiveIntegerField(default=0)),
                ("handled_30", models.PositiveIntegerField(default=0)),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["day", "unit"], name="unit_day"),
                    models.Index(fields=["unit", "day"], name="unit_day_of_unit"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UnitRule",
            fields=[
                (
                    "unit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="inbox.unit",
                    ),
                ),
                (
                    "needs_approval",
                    models.BooleanField(
                        default=False, help_text="An officer's final answer waits for a leader before it goes out."
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ArrivalHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("hour", models.PositiveSmallIntegerField()),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.source"
                    ),
                ),
                ("received", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["day", "source"], name="arrival_hour")],
            },
        ),
        migrations.CreateModel(
            name="BulkRetry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bulk_retries", to="inbox.source"
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("started_at", models.DateTimeField()),
                (
                    "reason_code",
                    models.CharField(
                        blank=True, help_text="Only messages given up for this; empty: all.", max_length=50
                    ),
                ),
                ("per_minute", models.PositiveIntegerField()),
                ("total", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="CodeMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="code_mappings", to="inbox.source"
                    ),
                ),
                ("kind", models.CharField(choices=[("status", "status"), ("category", "category")], max_length=10)),
                ("code", models.CharField(max_length=100)),
                ("meaning", models.CharField(max_length=20)),
                (
                    "mapped_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("mapped_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-mapped_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("source", "kind", "code"),
                        name="code_mapped_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportDownload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="downloads", to="inbox.export"
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="MixDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("received", models.PositiveIntegerField(default=0)),
                ("accept_judged", models.PositiveIntegerField(default=0)),
                ("accept_on_time", models.PositiveIntegerField(default=0)),
                ("resolved", models.PositiveIntegerField(default=0)),
                ("resolve_judged", models.PositiveIntegerField(default=0)),
                ("resolve_on_time", models.PositiveIntegerField(default=0)),
                ("source_judged", models.PositiveIntegerField(default=0)),
                ("source_on_time", models.PositiveIntegerField(default=0)),
                ("late_elsewhere", models.PositiveIntegerField(default=0)),
                ("first_time_right", models.PositiveIntegerField(default=0)),
                ("outside_hours", models.PositiveIntegerField(default=0)),
                ("paused_minutes", models.PositiveIntegerField(default=0)),
                ("ended", models.PositiveIntegerField(default=0)),
                ("became_late", models.PositiveIntegerField(default=0)),
                ("reopened", models.PositiveIntegerField(default=0)),
                ("returned", models.PositiveIntegerField(default=0)),
                ("transferred", models.PositiveIntegerField(default=0)),
                ("delivered", models.PositiveIntegerField(default=0)),
                ("delivery_microseconds", models.PositiveBigIntegerField(default=0)),
                ("handled_00", models.PositiveIntegerField(default=0)),
                ("handled_01", models.PositiveIntegerField(default=0)),
                ("handled_02", models.PositiveIntegerField(default=0)),
                ("handled_03", models.PositiveIntegerField(default=0)),
                ("handled_04", models.PositiveIntegerField(default=0)),
                ("handled_05", models.PositiveIntegerField(default=0)),
                ("handled_06", models.PositiveIntegerField(default=0)),
                ("handled_07", models.PositiveIntegerField(default=0)),
                ("handled_08", models.PositiveIntegerField(default=0)),
                ("handled_09", models.PositiveIntegerField(default=0)),
                ("handled_10", models.PositiveIntegerField(default=0)),
                ("handled_11", models.PositiveIntegerField(default=0)),
                ("handled_12", models.PositiveIntegerField(default=0)),
                ("handled_13", models.PositiveIntegerField(default=0)),
                ("handled_14", models.PositiveIntegerField(default=0)),
                ("handled_15", models.PositiveIntegerField(default=0)),
                ("handled_16", models.PositiveIntegerField(default=0)),
                ("handled_17", models.PositiveIntegerField(default=0)),
                ("handled_18", models.PositiveIntegerField(default=0)),
                ("handled_19", models.PositiveIntegerField(default=0)),
                ("handled_20", models.PositiveIntegerField(default=0)),
                ("handled_21", models.PositiveIntegerField(default=0)),
                ("handled_22", models.PositiveIntegerField(default=0)),
                ("handled_23", models.PositiveIntegerField(default=0)),
                ("handled_24", models.PositiveIntegerField(default=0)),
                ("handled_25", models.PositiveIntegerField(default=0)),
                ("handled_26", models.PositiveIntegerField(default=0)),
                ("handled_27", models.PositiveIntegerField(default=0)),
                ("handled_28", models.PositiveIntegerField(default=0)),
                ("handled_29", models.PositiveIntegerField(default=0)),
                ("handled_30", models.PositiveIntegerField(default=0)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.source"
                    ),
                ),
                ("category", models.CharField(max_length=20)),
                ("urgency", models.CharField(max_length=10)),
            ],
            options={
                "indexes": [models.Index(fields=["day", "source"], name="mix_day")],
            },
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outages", to="inbox.source"
                    ),
                ),
                ("began", models.DateTimeField(help_text="The first of the failures in a row.")),
                ("last_success_before", models.DateTimeField(blank=True, null=True)),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, help_text="When a probe of its own failed too.", null=True),
                ),
                ("ended", models.DateTimeField(blank=True, help_text="The first success.", null=True)),
                ("reason_code", models.CharField(max_length=50)),
                ("reason_detail", models.CharField(blank=True, max_length=500)),
                (
                    "tickets_touched",
                    models.PositiveIntegerField(
                        default=0, help_text="Tickets with a message that could not be delivered in that time."
                    ),
                ),
                (
                    "counted_at",
                    models.DateTimeField(blank=True, help_text="When `tickets_touched` was counted last.", null=True),
                ),
            ],
            options={
                "ordering": ["-began", "-pk"],
                "indexes": [models.Index(fields=["source", "-began"], name="outage_log")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended__isnull", True)), fields=("source",), name="outage_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ended__isnull", True), ("ended__gte", models.F("began")), _connector="OR"),
                        name="outage_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="levels", to="inbox.slapolicy"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("warn", "sắp đến hạn"), ("due", "đến hạn"), ("late", "quá hạn lâu")], max_length=10
                    ),
                ),
                (
                    "tells",
                    models.CharField(
                        choices=[
                            ("officer", "cán bộ xử lý"),
                            ("leader", "lãnh đạo phường"),
                            ("supervisor", "giám sát thành phố"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("policy", "level", "tells"), name="policy_level_once")],
            },
        ),
        migrations.CreateModel(
            name="PushedMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pushed", to="inbox.source"
                    ),
                ),
                ("message_id", models.CharField(max_length=200)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["received_at"], name="pushed_message_age")],
                "constraints": [models.UniqueConstraint(fields=("source", "message_id"), name="pushed_message_once")],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reconciliations", to="inbox.source"
                    ),
                ),
                ("trigger", models.CharField(max_length=20)),
                ("since", models.DateTimeField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("ok", "ok"),
                            ("failed", "failed"),
                            ("abandoned", "abandoned"),
                        ],
                        default=inbox.sources.vocabulary.RunOutcome["RUNNING"],
                        max_length=20,
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=50)),
                (
                    "compared",
                    models.PositiveIntegerField(default=0, help_text="Complaints that were looked at on both sides."),
                ),
                ("agree", models.PositiveIntegerField(default=0)),
                ("differ", models.PositiveIntegerField(default=0)),
                (
                    "under_way",
                    models.PositiveIntegerField(default=0, help_text="A message is on its way or waits for a hand."),
                ),
                (
                    "not_read_yet",
                    models.PositiveIntegerField(default=0, help_text="Changed in the source after the last reading."),
                ),
                (
                    "not_asked",
                    models.PositiveIntegerField(default=0, help_text="Not shown, and not asked about one by one."),
                ),
                ("lookups", models.PositiveIntegerField(default=0)),
                (
                    "repeated",
                    models.PositiveIntegerField(
                        default=0, help_text="Answers that the source had dropped, sent once more."
                    ),
                ),
                ("kinds", models.JSONField(default=dict, help_text="How many differences of each kind.")),
                (
                    "cursor",
                    models.JSONField(
                        default=dict, help_text="How far the source has been read: a long run goes on here."
                    ),
                ),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, help_text="Who held it after this is dead.", null=True),
                ),
            ],
            options={
                "ordering": ["-started_at", "-pk"],
                "indexes": [models.Index(fields=["source", "-started_at"], name="reconciliation_by_source")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "running")),
                        fields=("source",),
                        name="reconciliation_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Sending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "letter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sendings", to="inbox.letter"
                    ),
                ),
                ("channel", models.CharField(choices=[("email", "email"), ("other", "other")], max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "sending"),
                            ("sent", "sent"),
                            ("unknown", "unknown"),
                            ("failed", "failed"),
                            ("dropped", "dropped"),
                        ],
                        default=inbox.notify.vocabulary.SendState["WAITING"],
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="What the other side said, without addresses.", max_length=300
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["next_attempt_at"],
                        name="sending_due",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("letter", "channel"), name="sending_once")],
            },
        ),
        migrations.CreateModel(
            name="SyncRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="inbox.source"
                    ),
                ),
                ("trigger", models.CharField(max_length=20)),
                ("is_full", models.BooleanField(default=False)),
                ("owner", models.CharField(max_length=100)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("ok", "ok"),
                            ("failed", "failed"),
                            ("abandoned", "abandoned"),
                        ],
                        default=inbox.sources.vocabulary.RunOutcome["RUNNING"],
                        max_length=20,
                    ),
                ),
                ("pages", models.PositiveIntegerField(default=0)),
                ("fetched", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("updated", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                (
                    "expected",
                    models.PositiveIntegerField(
                        blank=True, help_text="How many there are, where that is known.", null=True
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=50)),
                ("error_detail", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["-started_at", "-pk"],
                "indexes": [
                    models.Index(fields=["source", "-started_at"], name="run_by_source"),
                    models.Index(fields=["started_at"], name="run_by_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("search_key", models.TextField(help_text="Folded title, text and address: see core.text.")),
                (
                    "answer_key",
                    models.TextField(blank=True, default="", help_text="What citizens were answered, folded likewise."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "new"),
                            ("accepted", "accepted"),
                            ("in_progress", "in_progress"),
                            ("awaiting_approval", "awaiting_approval"),
                            ("waiting_citizen", "waiting_citizen"),
                            ("waiting_other", "waiting_other"),
                            ("resolved", "resolved"),
                            ("closed", "closed"),
                            ("transferred", "transferred"),
                            ("returned", "returned"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default=inbox.tickets.vocabulary.Status["NEW"],
                        max_length=20,
                    ),
                ),
                (
                    "is_open",
                    models.BooleanField(
                        default=True, help_text="status is one of vocabulary.OPEN; kept by Ticket.set_status."
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("procedures", "procedures"),
                            ("infrastructure", "infrastructure"),
                            ("flooding", "flooding"),
                            ("lighting", "lighting"),
                            ("noise", "noise"),
                            ("urban_order", "urban_order"),
                            ("construction", "construction"),
                            ("environment", "environment"),
                            ("security", "security"),
                            ("traffic", "traffic"),
                            ("bus", "bus"),
                            ("electricity", "electricity"),
                            ("water", "water"),
                            ("telecom", "telecom"),
                            ("trees", "trees"),
                            ("food_safety", "food_safety"),
                            ("fire_safety", "fire_safety"),
                            ("health", "health"),
                            ("conduct", "conduct"),
                            ("other", "other"),
                        ],
                        default=inbox.tickets.vocabulary.Category["OTHER"],
                        max_length=20,
                    ),
                ),
                (
                    "urgency",
                    models.CharField(
                        choices=[("normal", "normal"), ("urgent", "urgent")],
                        default=inbox.tickets.vocabulary.Urgency["NORMAL"],
                        max_length=10,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        help_text="The door it first came through.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="inbox.source",
                    ),
                ),
                (
                    "reporter",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ticket", to="inbox.reporter"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="inbox.unit",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "main",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The ticket of the same matter whose answers go to this one's sources too.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="linked",
                        to="inbox.ticket",
                    ),
                ),
                ("address", models.TextField(blank=True)),
                ("lat", models.FloatField(blank=True, null=True)),
                ("lng", models.FloatField(blank=True, null=True)),
                ("routing_method", models.CharField(blank=True, max_length=30)),
                ("routing_confidence", models.FloatField(blank=True, null=True)),
                ("routing_reason", models.CharField(blank=True, max_length=300)),
                ("routing_candidates", models.JSONField(blank=True, default=list)),
                ("sent_at", models.DateTimeField(help_text="When the citizen sent it, as the source says.")),
                ("received_at", models.DateTimeField(help_text="When it arrived here.")),
                (
                    "clock_from",
                    models.DateTimeField(
                        help_text="sent_at, unless that is impossible (future, before 2000): see remarks."
                    ),
                ),
                ("source_due_at", models.DateTimeField(blank=True, null=True)),
                (
                    "next_due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="The earliest deadline that still counts; empty when none does.",
                        null=True,
                    ),
                ),
                (
                    "late_risk",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Percent of similar tickets that needed longer: sla.foresight.", null=True
                    ),
                ),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "published_at",
                    models.DateTimeField(blank=True, help_text="Since when everybody may read public_text.", null=True),
                ),
                (
                    "public_text",
                    models.TextField(
                        blank=True, db_default="", default="", help_text="Written by an official for the public."
                    ),
                ),
                ("remarks", models.JSONField(blank=True, default=list, help_text="What normalising did, as slugs.")),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_open", True)), fields=["unit", "next_due_at", "id"], name="ticket_queue"
                    ),
                    models.Index(
                        condition=models.Q(("is_open", True)), fields=["next_due_at", "id"], name="ticket_city_queue"
                    ),
                    models.Index(
                        condition=models.Q(("is_open", True), ("late_risk__gte", 50)),
                        fields=["-late_risk", "id"],
                        name="ticket_at_risk",
                    ),
                    models.Index(fields=["unit", "status"], name="ticket_unit_status"),
                    models.Index(condition=models.Q(("is_open", True)), fields=["source"], name="ticket_source_open"),
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", False)),
                        fields=["unit", "-resolved_at", "-id"],
                        name="ticket_resolved",
                    ),
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", False)),
                        fields=["-resolved_at", "-id"],
                        name="ticket_city_resolved",
                    ),
                    models.Index(
                        condition=models.Q(("is_open", True)), fields=["assignee", "next_due_at"], name="ticket_mine"
                    ),
                    models.Index(fields=["updated_at", "id"], name="ticket_updated"),
                    models.Index(fields=["unit", "-received_at"], name="ticket_unit_received"),
                    models.Index(fields=["received_at", "id"], name="ticket_received"),
                    models.Index(
                        condition=models.Q(("published_at__isnull", False)),
                        fields=["-clock_from", "-id"],
                        name="ticket_published",
                    ),
                    models.Index(condition=models.Q(("main__isnull", False)), fields=["main"], name="ticket_linked"),
                    models.Index(
                        condition=models.Q(("lat__isnull", False)), fields=["lat", "lng"], name="ticket_place"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("is_open", True),
                                (
                                    "status__in",
                                    [
                                        "accepted",
                                        "awaiting_approval",
                                        "in_progress",
                                        "new",
                                        "waiting_citizen",
                                        "waiting_other",
                                    ],
                                ),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "status__in",
                                        [
                                            "accepted",
                                            "awaiting_approval",
                                            "in_progress",
                                            "new",
                                            "waiting_citizen",
                                            "waiting_other",
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("is_open", False),
                            ),
                            _connector="OR",
                        ),
                        name="ticket_open_fits_status",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UnitSourceDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("received", models.PositiveIntegerField(default=0)),
                ("accept_judged", models.PositiveIntegerField(default=0)),
                ("accept_on_time", models.PositiveIntegerField(default=0)),
                ("resolved", models.PositiveIntegerField(default=0)),
                ("resolve_judged", models.PositiveIntegerField(default=0)),
                ("resolve_on_time", models.PositiveIntegerField(default=0)),
                ("source_judged", models.PositiveIntegerField(default=0)),
                ("source_on_time", models.PositiveIntegerField(default=0)),
                ("late_elsewhere", models.PositiveIntegerField(default=0)),
                ("first_time_right", models.PositiveIntegerField(default=0)),
                ("outside_hours", models.PositiveIntegerField(default=0)),
                ("paused_minutes", models.PositiveIntegerField(default=0)),
                ("ended", models.PositiveIntegerField(default=0)),
                ("became_late", models.PositiveIntegerField(default=0)),
                ("reopened", models.PositiveIntegerField(default=0)),
                ("returned", models.PositiveIntegerField(default=0)),
                ("transferred", models.PositiveIntegerField(default=0)),
                ("delivered", models.PositiveIntegerField(default=0)),
                ("delivery_microseconds", models.PositiveBigIntegerField(default=0)),
                ("handled_00", models.PositiveIntegerField(default=0)),
                ("handled_01", models.PositiveIntegerField(default=0)),
                ("handled_02", models.PositiveIntegerField(default=0)),
                ("handled_03", models.PositiveIntegerField(default=0)),
                ("handled_04", models.PositiveIntegerField(default=0)),
                ("handled_05", models.PositiveIntegerField(default=0)),
                ("handled_06", models.PositiveIntegerField(default=0)),
                ("handled_07", models.PositiveIntegerField(default=0)),
                ("handled_08", models.PositiveIntegerField(default=0)),
                ("handled_09", models.PositiveIntegerField(default=0)),
                ("handled_10", models.PositiveIntegerField(default=0)),
                ("handled_11", models.PositiveIntegerField(default=0)),
                ("handled_12", models.PositiveIntegerField(default=0)),
                ("handled_13", models.PositiveIntegerField(default=0)),
                ("handled_14", models.PositiveIntegerField(default=0)),
                ("handled_15", models.PositiveIntegerField(default=0)),
                ("handled_16", models.PositiveIntegerField(default=0)),
                ("handled_17", models.PositiveIntegerField(default=0)),
                ("handled_18", models.PositiveIntegerField(default=0)),
                ("handled_19", models.PositiveIntegerField(default=0)),
                ("handled_20", models.PositiveIntegerField(default=0)),
                ("handled_21", models.PositiveIntegerField(default=0)),
                ("handled_22", models.PositiveIntegerField(default=0)),
                ("handled_23", models.PositiveIntegerField(default=0)),
                ("handled_24", models.PositiveIntegerField(default=0)),
                ("handled_25", models.PositiveIntegerField(default=0)),
                ("handled_26", models.PositiveIntegerField(default=0)),
                ("handled_27", models.PositiveIntegerField(default=0)),
                ("handled_28", models.PositiveIntegerField(default=0)),
                ("handled_29", models.PositiveIntegerField(default=0)),
                ("handled_30", models.PositiveIntegerField(default=0)),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.source"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["source", "day"], name="unit_source_day"),
                    models.Index(fields=["unit", "day"], name="unit_source_day_of_unit"),
                    models.Index(fields=["day"], name="unit_source_day_of_day"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnchoredHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "anchor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="heads", to="inbox.chainanchor"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inbox.ticket"
                    ),
                ),
                ("sequence", models.PositiveIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ticket", "sequence"), name="anchored_head_once")],
            },
        ),
        migrations.CreateModel(
            name="ChainHead",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="chain_head",
                        serialize=False,
                        to="inbox.ticket",
                    ),
                ),
                ("sequence", models.PositiveIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="inbox.ticket"
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("verb", models.CharField(max_length=30)),
                ("text", models.TextField()),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ticket", "official", "verb"), name="draft_once")],
            },
        ),
        migrations.CreateModel(
            name="ExtensionRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="extension_requests",
                        to="inbox.ticket",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("until", models.DateTimeField(help_text="The deadline that is asked for.")),
                ("reason", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "chờ duyệt"),
                            ("approved", "đã duyệt"),
                            ("refused", "không duyệt"),
                            ("closed", "không còn cần"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("ticket",), name="extension_request_one_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExternalRef",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refs", to="inbox.ticket"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refs", to="inbox.source"
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                (
                    "write_id",
                    models.CharField(
                        blank=True, help_text="The id that writes want, where it differs.", max_length=200
                    ),
                ),
                ("seen_revision", models.CharField(max_length=200)),
                (
                    "content_hash",
                    models.CharField(help_text="Hash of what the citizen said; status is apart.", max_length=64),
                ),
                ("seen_status", models.CharField(max_length=20)),
                ("seen_status_raw", models.CharField(blank=True, max_length=100)),
                ("seen_answer_hash", models.CharField(blank=True, max_length=64)),
                (
                    "seen_category",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The last category it named. The ticket's own may be another.",
                        max_length=20,
                    ),
                ),
                (
                    "unknown_category",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Its code for the category, if nobody knows it.",
                        max_length=100,
                    ),
                ),
                ("source_updated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "compared_at",
                    models.DateTimeField(blank=True, help_text="When both sides were compared last.", null=True),
                ),
                ("first_seen_at", models.DateTimeField()),
                ("last_changed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["external_id"], name="external_ref_id"),
                    models.Index(
                        condition=models.Q(("unknown_category", ""), _negated=True),
                        fields=["source", "unknown_category"],
                        name="external_ref_category",
                    ),
                    models.Index(
                        condition=models.Q(("seen_status", "unmapped")),
                        fields=["source", "seen_status_raw"],
                        name="external_ref_status",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("source", "external_id"), name="external_ref_once")],
            },
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="follows", to="inbox.ticket"
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="follows", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ticket", "official"), name="follow_once")],
            },
        ),
        migrations.CreateModel(
            name="InboundPayload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="payloads", to="inbox.source"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="payloads",
                        to="inbox.syncrun",
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200)),
                ("content_hash", models.CharField(max_length=64)),
                ("body", inbox.core.fields.PackedJSONField()),
                ("received_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("accepted", "accepted"),
                            ("rejected", "rejected"),
                            ("replayed", "replayed"),
                            ("superseded", "superseded"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=50)),
                ("reason_field", models.CharField(blank=True, max_length=100)),
                ("reason_detail", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "indexes": [
                    models.Index(fields=["source", "external_id"], name="payload_by_id"),
                    models.Index(
                        condition=models.Q(("state", "rejected")),
                        fields=["source", "-received_at"],
                        name="payload_rejected",
                    ),
                    models.Index(
                        condition=models.Q(("state", "received")), fields=["source", "id"], name="payload_received"
                    ),
                    models.Index(fields=["received_at"], name="payload_age"),
                ],
                "constraints": [models.UniqueConstraint(fields=("source", "content_hash"), name="payload_once")],
            },
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="presences", to="inbox.ticket"
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="presences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("seen_at", models.DateTimeField()),
                ("typing_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ticket", "official"), name="presence_once")],
            },
        ),
        migrations.CreateModel(
            name="ReadMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="read_marks", to="inbox.ticket"
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="read_marks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("version", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ticket", "official"), name="read_mark_once")],
            },
        ),
        migrations.CreateModel(
            name="SlaClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="clocks", to="inbox.ticket"
                    ),
                ),
                ("kind", models.CharField(choices=[("accept", "tiếp nhận"), ("resolve", "xử lý")], max_length=10)),
                ("round", models.PositiveIntegerField(default=1)),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="clocks", to="inbox.slapolicy"
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="clocks", to="inbox.workcalendar"
                    ),
                ),
                ("target_amount", models.PositiveIntegerField()),
                (
                    "target_unit",
                    models.CharField(
                        choices=[
                            ("minutes", "phút"),
                            ("hours", "giờ"),
                            ("working_minutes", "phút làm việc"),
                            ("working_hours", "giờ làm việc"),
                            ("working_days", "ngày làm việc"),
                            ("calendar_days", "ngày (tính cả ngày nghỉ)"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "extension",
                    models.DurationField(
                        default=datetime.timedelta(0), help_text="Approved extra time, counted like the target."
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("warn_at", models.DateTimeField(help_text="When the policy's share of the target is used up.")),
                ("late_at", models.DateTimeField(help_text="The policy's working days after `due_at`.")),
                ("met_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "đang chạy"),
                            ("paused", "tạm dừng"),
                            ("met", "đúng hạn"),
                            ("breached", "trễ hạn"),
                            ("cancelled", "huỷ"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                (
                    "warned_at",
                    models.DateTimeField(blank=True, help_text="When `due_soon` was recorded for `due_at`.", null=True),
                ),
                (
                    "breached_at",
                    models.DateTimeField(blank=True, help_text="When `became_overdue` was recorded for it.", null=True),
                ),
                (
                    "escalated_at",
                    models.DateTimeField(blank=True, help_text="When `escalated` was recorded for it.", null=True),
                ),
            ],
            options={
                "ordering": ["ticket", "kind", "round"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "running"), ("warned_at__isnull", True)),
                        fields=["warn_at"],
                        name="sla_clock_to_warn",
                    ),
                    models.Index(
                        condition=models.Q(("breached_at__isnull", True), ("state", "running")),
                        fields=["due_at"],
                        name="sla_clock_to_breach",
                    ),
                    models.Index(
                        condition=models.Q(("escalated_at__isnull", True), ("state", "running")),
                        fields=["late_at"],
                        name="sla_clock_to_escalate",
                    ),
                    models.Index(
                        condition=models.Q(("state", "paused")), fields=["paused_at"], name="sla_clock_paused"
                    ),
                    models.Index(fields=["due_at"], name="sla_clock_due_day"),
                    models.Index(
                        condition=models.Q(("state", "running")), fields=["warn_at", "due_at"], name="sla_clock_warned"
                    ),
                    models.Index(fields=["policy", "state"], name="sla_clock_policy_state"),
                ],
                "constraints": [models.UniqueConstraint(fields=("ticket", "kind", "round"), name="sla_clock_round")],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="inbox.ticket"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("words", models.CharField(max_length=200)),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        help_text="Empty: it came from a template.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "done_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="TicketEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="inbox.ticket"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("routed", "routed"),
                            ("accepted", "accepted"),
                            ("assigned", "assigned"),
                            ("started", "started"),
                            ("note_added", "note_added"),
                            ("replied", "replied"),
                            ("resolved", "resolved"),
                            ("returned", "returned"),
                            ("refused", "refused"),
                            ("transferred", "transferred"),
                            ("paused", "paused"),
                            ("resumed", "resumed"),
                            ("reopened", "reopened"),
                            ("source_updated", "source_updated"),
                            ("source_status_changed", "source_status_changed"),
                            ("source_disagrees", "source_disagrees"),
                            ("source_came_late", "source_came_late"),
                            ("withdrawn", "withdrawn"),
                            ("due_soon", "due_soon"),
                            ("became_overdue", "became_overdue"),
                            ("escalated", "escalated"),
                            ("extension_asked", "extension_asked"),
                            ("extension_approved", "extension_approved"),
                            ("extension_refused", "extension_refused"),
                            ("several_agencies_marked", "several_agencies_marked"),
                            ("urged", "urged"),
                            ("citizen_answered", "citizen_answered"),
                            ("pause_ended", "pause_ended"),
                            ("delivered", "delivered"),
                            ("delivery_failed", "delivery_failed"),
                            ("delivery_repeated", "delivery_repeated"),
                            ("delivery_given_up", "delivery_given_up"),
                            ("difference_decided", "difference_decided"),
                            ("reporter_revealed", "reporter_revealed"),
                            ("sla_recalculated", "sla_recalculated"),
                            ("undone", "undone"),
                            ("answer_proposed", "answer_proposed"),
                            ("answer_sent_back", "answer_sent_back"),
                            ("linked", "linked"),
                            ("unlinked", "unlinked"),
                            ("published", "published"),
                            ("unpublished", "unpublished"),
                            ("photo_added", "photo_added"),
                            ("task_added", "task_added"),
                            ("task_done", "task_done"),
                            ("task_reopened", "task_reopened"),
                            ("original_viewed", "original_viewed"),
                            ("citizen_tickets_viewed", "citizen_tickets_viewed"),
                        ],
                        max_length=30,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inbox.source"
                    ),
                ),
                ("data", models.JSONField(default=dict)),
                (
                    "sequence",
                    models.PositiveIntegerField(help_text="Counts the events of the ticket from 1, without a gap."),
                ),
                (
                    "message_hash",
                    models.CharField(blank=True, help_text="Salted hash of the text it brought.", max_length=64),
                ),
                (
                    "hash",
                    models.CharField(
                        help_text="Over the content and the hash of the event before: see chain.", max_length=64
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
                "indexes": [models.Index(fields=["ticket", "at", "id"], name="event_timeline")],
                "constraints": [models.UniqueConstraint(fields=("ticket", "sequence"), name="event_chain_never_forks")],
            },
        ),
        migrations.CreateModel(
            name="TicketOutcome",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="outcome",
                        serialize=False,
                        to="inbox.ticket",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(help_text="The version of the ticket that this was derived from."),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.unit",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inbox.source"
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("category", models.CharField(max_length=20)),
                ("urgency", models.CharField(max_length=10)),
                ("received_day", models.DateField()),
                ("accept_day", models.DateField(null=True)),
                ("accept_on_time", models.BooleanField(null=True)),
                ("resolved_day", models.DateField(null=True)),
                ("resolve_on_time", models.BooleanField(help_text="By our deadline; empty without one.", null=True)),
                (
                    "source_on_time",
                    models.BooleanField(help_text="By the source's deadline; empty without one.", null=True),
                ),
                ("late_elsewhere", models.BooleanField(default=False)),
                ("is_outside_hours", models.BooleanField(default=False)),
                (
                    "handling_minutes",
                    models.PositiveIntegerField(help_text="Working minutes, pauses left out.", null=True),
                ),
                ("handling_step", models.PositiveSmallIntegerField(null=True)),
                ("paused_minutes", models.PositiveIntegerField(default=0, help_text="Working minutes spent waiting.")),
                ("ended_day", models.DateField(null=True)),
                (
                    "late_day",
                    models.DateField(help_text="On which the deadline of an ended ticket had passed unmet.", null=True),
                ),
                ("reopened_day", models.DateField(help_text="The last time.", null=True)),
                ("returned_day", models.DateField(null=True)),
                (
                    "transferred_day",
                    models.DateField(help_text="The last time that another unit handed it over.", null=True),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_day__isnull", False)),
                        fields=["unit", "resolved_day"],
                        name="outcome_unit",
                    ),
                    models.Index(
                        condition=models.Q(("official__isnull", False)),
                        fields=["official", "resolved_day"],
                        name="outcome_official",
                    ),
                    models.Index(
                        condition=models.Q(("resolved_day__isnull", False)),
                        fields=["resolved_day"],
                        name="outcome_resolved",
                    ),
                    models.Index(
                        condition=models.Q(("accept_day__isnull", False)),
                        fields=["accept_day"],
                        name="outcome_accepted",
                    ),
                    models.Index(
                        condition=models.Q(("ended_day__isnull", False)), fields=["ended_day"], name="outcome_ended"
                    ),
                    models.Index(
                        condition=models.Q(("late_day__isnull", False)), fields=["late_day"], name="outcome_late"
                    ),
                    models.Index(
                        condition=models.Q(("reopened_day__isnull", False)),
                        fields=["reopened_day"],
                        name="outcome_reopened",
                    ),
                    models.Index(
                        condition=models.Q(("returned_day__isnull", False)),
                        fields=["returned_day"],
                        name="outcome_returned",
                    ),
                    models.Index(
                        condition=models.Q(("transferred_day__isnull", False)),
                        fields=["transferred_day"],
                        name="outcome_transferred",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attachments", to="inbox.ticket"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inbox.source"),
                ),
                ("name", models.CharField(max_length=300)),
                ("url", models.CharField(max_length=2000)),
                (
                    "media_type",
                    models.CharField(blank=True, help_text="As the source says; never believed.", max_length=100),
                ),
                ("added_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("stored", "stored"), ("refused", "refused")],
                        default=inbox.tickets.vocabulary.FileState["WAITING"],
                        max_length=10,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=50)),
                ("attempts_made", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("content_type", models.CharField(blank=True, help_text="By content.", max_length=100)),
                ("size", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "origin",
                    models.CharField(
                        choices=[("source", "source"), ("official", "official")],
                        db_default=inbox.tickets.vocabulary.FileOrigin["SOURCE"],
                        default=inbox.tickets.vocabulary.FileOrigin["SOURCE"],
                        max_length=10,
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        blank=True,
                        choices=[("before", "before"), ("after", "after")],
                        db_default="",
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "added_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        help_text="Of an official's file: the reply or answer it goes out with; empty while there is none.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="inbox.ticketevent",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["next_attempt_at"], name="attachment_due"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("ticket", "url"), name="attachment_once")],
            },
        ),
        migrations.CreateModel(
            name="ClockPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pauses", to="inbox.slaclock"
                    ),
                ),
                ("from_at", models.DateTimeField()),
                ("until", models.DateTimeField(help_text="When the clock runs again even if nobody resumes it.")),
                ("to_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(max_length=500)),
            ],
            options={
                "ordering": ["from_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("to_at__isnull", True)), fields=["until"], name="clock_pause_to_end"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("to_at__isnull", True)), fields=("clock",), name="clock_pause_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to_at__isnull", True), ("to_at__gte", models.F("from_at")), _connector="OR"
                        ),
                        name="clock_pause_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="escalations", to="inbox.slaclock"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("warn", "sắp đến hạn"), ("due", "đến hạn"), ("late", "quá hạn lâu")], max_length=10
                    ),
                ),
                ("due_at", models.DateTimeField()),
                (
                    "reached_at",
                    models.DateTimeField(help_text="When it was noticed; after downtime later than it was due."),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("clock", "level", "due_at"), name="escalation_once")],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="inbox.ticket"
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="message", to="inbox.ticketevent"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("note", "note"),
                            ("reply", "reply"),
                            ("citizen", "citizen"),
                            ("proposal", "proposal"),
                        ],
                        max_length=10,
                    ),
                ),
                ("body", models.TextField()),
                (
                    "salt",
                    models.CharField(
                        help_text="Part of the text's hash; erased together with the text.", max_length=32
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="inbox.ticketevent",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notifications", to="inbox.ticket"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("routed", "routed"),
                            ("accepted", "accepted"),
                            ("assigned", "assigned"),
                            ("started", "started"),
                            ("note_added", "note_added"),
                            ("replied", "replied"),
                            ("resolved", "resolved"),
                            ("returned", "returned"),
                            ("refused", "refused"),
                            ("transferred", "transferred"),
                            ("paused", "paused"),
                            ("resumed", "resumed"),
                            ("reopened", "reopened"),
                            ("source_updated", "source_updated"),
                            ("source_status_changed", "source_status_changed"),
                            ("source_disagrees", "source_disagrees"),
                            ("source_came_late", "source_came_late"),
                            ("withdrawn", "withdrawn"),
                            ("due_soon", "due_soon"),
                            ("became_overdue", "became_overdue"),
                            ("escalated", "escalated"),
                            ("extension_asked", "extension_asked"),
                            ("extension_approved", "extension_approved"),
                            ("extension_refused", "extension_refused"),
                            ("several_agencies_marked", "several_agencies_marked"),
                            ("urged", "urged"),
                            ("citizen_answered", "citizen_answered"),
                            ("pause_ended", "pause_ended"),
                            ("delivered", "delivered"),
                            ("delivery_failed", "delivery_failed"),
                            ("delivery_repeated", "delivery_repeated"),
                            ("delivery_given_up", "delivery_given_up"),
                            ("difference_decided", "difference_decided"),
                            ("reporter_revealed", "reporter_revealed"),
                            ("sla_recalculated", "sla_recalculated"),
                            ("undone", "undone"),
                            ("answer_proposed", "answer_proposed"),
                            ("answer_sent_back", "answer_sent_back"),
                            ("linked", "linked"),
                            ("unlinked", "unlinked"),
                            ("published", "published"),
                            ("unpublished", "unpublished"),
                            ("photo_added", "photo_added"),
                            ("task_added", "task_added"),
                            ("task_done", "task_done"),
                            ("task_reopened", "task_reopened"),
                            ("original_viewed", "original_viewed"),
                            ("citizen_tickets_viewed", "citizen_tickets_viewed"),
                        ],
                        max_length=30,
                    ),
                ),
                ("urgent", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("show_from", models.DateTimeField(help_text="The next working period, unless it is urgent.")),
                (
                    "read_at",
                    models.DateTimeField(help_text="Seen, or overtaken by later news of the same deadline.", null=True),
                ),
                (
                    "letter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notifications",
                        to="inbox.letter",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["official", "-id"], name="notification_list"),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["official", "show_from"],
                        name="notification_unread",
                    ),
                    models.Index(
                        condition=models.Q(("letter__isnull", True), ("read_at__isnull", True)),
                        fields=["show_from"],
                        name="notification_to_send",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("official", "event"), name="notification_once")],
            },
        ),
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outbox", to="inbox.ticket"
                    ),
                ),
                (
                    "ref",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outbox", to="inbox.externalref"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outbox", to="inbox.source"
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outbox", to="inbox.ticketevent"
                    ),
                ),
                ("action", models.CharField(max_length=20)),
                ("text", models.TextField(blank=True)),
                ("author", models.CharField(max_length=150)),
                ("done_at", models.DateTimeField(help_text="When the official did it: what counts as evidence.")),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True, help_text="The new deadline, where this is an extension.", null=True
                    ),
                ),
                (
                    "deadline_at",
                    models.DateTimeField(blank=True, help_text="What counted when the official did it.", null=True),
                ),
                (
                    "is_examined",
                    models.BooleanField(
                        default=False, help_text="Evidence has looked at it since it arrived and need not look again."
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Idempotency key, the same over all attempts.", max_length=32, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("in_flight", "in_flight"),
                            ("unknown", "unknown"),
                            ("delivered", "delivered"),
                            ("by_hand", "by_hand"),
                            ("dead", "dead"),
                            ("cancelled", "cancelled"),
                        ],
                        default=inbox.outbox.vocabulary.DeliveryState["PENDING"],
                        max_length=10,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=50)),
                ("reason_detail", models.CharField(blank=True, max_length=500)),
                ("attempts_made", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField()),
                ("lease_owner", models.CharField(blank=True, max_length=100)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, help_text="When the running or last attempt began.", null=True),
                ),
                ("created_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "receipt",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The source's stamp after the write.",
                        max_length=200,
                    ),
                ),
                (
                    "repeated_at",
                    models.DateTimeField(
                        blank=True, help_text="When it was sent once more because the source had dropped it.", null=True
                    ),
                ),
                (
                    "bulk_retry",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="messages",
                        to="inbox.bulkretry",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "unknown", "in_flight"])),
                        fields=["next_attempt_at"],
                        name="outbox_due",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "unknown", "in_flight"])),
                        fields=["ref", "id"],
                        name="outbox_order",
                    ),
                    models.Index(condition=models.Q(("is_examined", False)), fields=["id"], name="outbox_unexamined"),
                    models.Index(fields=["source", "delivered_at"], name="outbox_arrivals"),
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "unknown", "in_flight"])),
                        fields=["source", "next_attempt_at", "id"],
                        name="outbox_source_due",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["by_hand", "dead"])),
                        fields=["-id"],
                        name="outbox_needs_somebody",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("event", "ref"), name="outbox_once")],
            },
        ),
        migrations.CreateModel(
            name="UndoStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="undo_step", to="inbox.ticketevent"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.ticket"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("accept", "accept"),
                            ("assign", "assign"),
                            ("claim", "claim"),
                            ("start", "start"),
                            ("add_note", "add_note"),
                            ("reply", "reply"),
                            ("resolve", "resolve"),
                            ("return", "return"),
                            ("refuse", "refuse"),
                            ("transfer", "transfer"),
                            ("pause", "pause"),
                            ("resume", "resume"),
                            ("reopen", "reopen"),
                            ("extend", "extend"),
                            ("approve_extension", "approve_extension"),
                            ("refuse_extension", "refuse_extension"),
                            ("mark_several_agencies", "mark_several_agencies"),
                            ("urge", "urge"),
                            ("approve", "approve"),
                            ("send_back", "send_back"),
                            ("link", "link"),
                            ("unlink", "unlink"),
                            ("publish", "publish"),
                            ("unpublish", "unpublish"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        help_text="The ticket's, after the act: any other means somebody went on."
                    ),
                ),
                ("before", models.JSONField()),
                ("until", models.DateTimeField(db_index=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="UntoldEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="untold", to="inbox.ticketevent"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="inbox.bulkjob"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.ticket"),
                ),
                ("version", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("done", "done"), ("failed", "failed"), ("undone", "undone")],
                        default=inbox.bulk.vocabulary.ItemState["WAITING"],
                        max_length=10,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=50)),
                ("reason_detail", models.CharField(blank=True, max_length=200)),
                (
                    "step",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="bulk_item",
                        to="inbox.undostep",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("job", "ticket"), name="bulk_item_once")],
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attempts", to="inbox.outboxmessage"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=20)),
                ("error_code", models.CharField(blank=True, max_length=50)),
                ("error_detail", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="differences", to="inbox.source"
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        help_text="None: the complaint is only there.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="inbox.ticket",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="inbox.outboxmessage",
                    ),
                ),
                (
                    "payload",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="differences",
                        to="inbox.inboundpayload",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("answered_there", "answered_there"),
                            ("withdrawn_there", "withdrawn_there"),
                            ("transferred_there", "transferred_there"),
                            ("status", "status"),
                            ("answer", "answer"),
                            ("deadline", "deadline"),
                            ("lost_there", "lost_there"),
                            ("only_here", "only_here"),
                            ("only_there", "only_there"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "found_by",
                    models.CharField(
                        choices=[
                            ("reading", "reading"),
                            ("delivery", "delivery"),
                            ("reconciliation", "reconciliation"),
                        ],
                        max_length=20,
                    ),
                ),
                ("found_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(help_text="When it was seen last.")),
                ("ours", models.JSONField(default=dict)),
                ("theirs", models.JSONField(default=dict)),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("keep_ours", "keep_ours"),
                            ("take_theirs", "take_theirs"),
                            ("dismissed", "dismissed"),
                            ("agreed", "agreed"),
                        ],
                        default=inbox.outbox.vocabulary.Decision["OPEN"],
                        max_length=20,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=1000)),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("decision", "open")), fields=["ticket"], name="difference_of_ticket"
                    ),
                    models.Index(
                        condition=models.Q(("decision", "open")), fields=["source", "-id"], name="difference_of_source"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("decision", "open")),
                        fields=("source", "external_id", "kind"),
                        name="difference_one_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("year", models.PositiveIntegerField()),
                ("serial", models.PositiveIntegerField()),
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="inbox.outboxmessage"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="inbox.ticket"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="inbox.source"
                    ),
                ),
                ("done_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["source", "done_at"], name="evidence_by_month")],
                "constraints": [models.UniqueConstraint(fields=("year", "serial"), name="evidence_number_once")],
            },
        ),
        migrations.CreateModel(
            name="OutboxFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="inbox.outboxmessage"
                    ),
                ),
                ("name", models.CharField(max_length=300)),
                ("content_type", models.CharField(max_length=100)),
                ("content_hash", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("message", "content_hash"), name="outbox_file_once")],
            },
        ),
        migrations.CreateModel(
            name="EvidenceVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="inbox.evidencerecord"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "arrived_at",
                    models.DateTimeField(
                        blank=True, help_text="When it reached the source; empty: not yet.", null=True
                    ),
                ),
                ("facts", models.JSONField()),
                (
                    "hash",
                    models.CharField(help_text="Over the facts and the hash of the version before.", max_length=64),
                ),
            ],
            options={
                "ordering": ["record", "version"],
                "constraints": [models.UniqueConstraint(fields=("record", "version"), name="evidence_version_once")],
            },
        ),
        migrations.CreateModel(
            name="LegacyWard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(blank=True, max_length=20)),
                ("name", models.CharField(max_length=150)),
                ("kind", models.CharField(max_length=20)),
                ("district_code", models.CharField(blank=True, max_length=20)),
                ("district", models.CharField(max_length=150)),
                ("province", models.CharField(max_length=150)),
                ("search_key", models.CharField(db_index=True, editable=False, max_length=150)),
                ("district_key", models.CharField(editable=False, max_length=150)),
                ("changed_at", models.DateTimeField(auto_now=True, help_text="Save the ward when its targets change.")),
            ],
            options={
                "ordering": ["district_key", "search_key"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("code", ""), _negated=True), fields=("code",), name="legacy_ward_code"
                    ),
                    models.UniqueConstraint(fields=("district_key", "search_key"), name="legacy_ward_name_in_district"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegacyWardTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "legacy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="target_rows", to="inbox.legacyward"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="legacy_rows", to="inbox.unit"
                    ),
                ),
                ("relation", models.CharField(choices=[("full", "toàn bộ"), ("partial", "một phần")], max_length=10)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("legacy", "unit"), name="legacy_ward_target_once")],
            },
        ),
        migrations.AddField(
            model_name="LegacyWard",
            name="targets",
            field=models.ManyToManyField(
                related_name="legacy_wards", through="inbox.LegacyWardTarget", to="inbox.unit"
            ),
        ),
    ]
