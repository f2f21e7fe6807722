import uuid

import django.contrib.postgres.functions
from django.db import migrations, models


def public_id():
    """The database fills in the rows there are, each with an identifier of its own: the function is volatile."""
    return models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), default=uuid.uuid4, editable=False, unique=True)


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0014_dermatoscopes"),
    ]

    operations = [
        migrations.AddField(model_name="pool", name="public_id", field=public_id()),
        migrations.AddField(model_name="practice", name="public_id", field=public_id()),
        migrations.AddField(model_name="user", name="public_id", field=public_id()),
    ]
