from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analysis", "0004_explanations"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="analysis",
            name="analysis_one_live_per_image",
        ),
        migrations.AddField(
            model_name="analysis",
            name="region",
            field=ArrayField(
                base_field=models.IntegerField(),
                blank=True,
                help_text="Left, top, width and height in pixels of the upright image; empty for the whole picture.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.UniqueConstraint(
                condition=models.Q(("region__isnull", True), ("status__in", ("QUEUED", "RUNNING"))),
                fields=("image",),
                name="analysis_one_live_per_image",
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.UniqueConstraint(
                condition=models.Q(("region__isnull", False), ("status__in", ("QUEUED", "RUNNING"))),
                fields=("image", "region"),
                name="analysis_one_live_per_region",
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("region__isnull", True),
                    models.Q(
                        ("region__0__gte", 0),
                        ("region__1__gte", 0),
                        ("region__2__gt", 0),
                        ("region__3__gt", 0),
                        ("region__len", 4),
                        models.Q(("region__0__isnull", False)),
                        models.Q(("region__1__isnull", False)),
                        models.Q(("region__2__isnull", False)),
                        models.Q(("region__3__isnull", False)),
                    ),
                    _connector="OR",
                ),
                name="analysis_region_is_rectangle",
            ),
        ),
    ]
