import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from patients import search


def index_patients(apps, _schema_editor):
    """Everybody registered so far can be found from the first moment."""
    patients = apps.get_model("patients", "Patient").objects
    search_word = apps.get_model("patients", "SearchWord")
    words, batch = set(), []
    for patient in patients.only("record_number", "family_name", "given_names").iterator(chunk_size=1000):
        patient.search_words = search.index_of(patient.record_number, patient.family_name, patient.given_names)
        words |= search.vocabulary(patient.family_name, patient.given_names)
        batch.append(patient)
        if len(batch) == 1000:
            patients.bulk_update(batch, ["search_words"])
            batch = []
    patients.bulk_update(batch, ["search_words"])
    rows = (search_word(word=word, trigrams=sorted(search.trigrams(word))) for word in sorted(words))
    search_word.objects.bulk_create(rows, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0005_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                ("word", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("trigrams", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), size=None)),
            ],
            options={
                "ordering": ["word"],
            },
        ),
        migrations.RunPython(index_patients, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["practice", "family_name", "given_names", "birth_date", "id"], name="patient_by_name"),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["practice", "birth_date"], name="patient_by_birth_date"),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["search_words"], name="patient_by_words"),
        ),
        migrations.AddIndex(
            model_name="searchword",
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["trigrams"], name="search_word_by_trigram"),
        ),
    ]
