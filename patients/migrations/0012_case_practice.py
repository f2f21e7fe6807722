"""A case knows its patient and its practice, and the database holds them to its lesion."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE patients_case SET patient_id = patient.id, practice_id = patient.practice_id
FROM patients_lesion AS lesion JOIN patients_patient AS patient ON patient.id = lesion.patient_id
WHERE lesion.id = patients_case.lesion_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""
# A foreign key over two columns refers to what is unique, so the two columns together are declared to be.
HOLD = """
ALTER TABLE patients_patient ADD CONSTRAINT patient_key_with_practice UNIQUE (id, practice_id);
ALTER TABLE patients_lesion ADD CONSTRAINT lesion_key_with_patient UNIQUE (id, patient_id);
ALTER TABLE patients_case ADD CONSTRAINT case_patient_is_the_lesions
    FOREIGN KEY (lesion_id, patient_id) REFERENCES patients_lesion (id, patient_id);
ALTER TABLE patients_case ADD CONSTRAINT case_practice_is_the_patients
    FOREIGN KEY (patient_id, practice_id) REFERENCES patients_patient (id, practice_id);
"""
RELEASE = """
ALTER TABLE patients_case DROP CONSTRAINT case_practice_is_the_patients;
ALTER TABLE patients_case DROP CONSTRAINT case_patient_is_the_lesions;
ALTER TABLE patients_lesion DROP CONSTRAINT lesion_key_with_patient;
ALTER TABLE patients_patient DROP CONSTRAINT patient_key_with_practice;
"""


def key_to(model: str, **options: object) -> models.ForeignKey:
    return models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, to=f"patients.{model}", **options)


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0011_scale"),
    ]

    operations = [
        migrations.AddField("case", "patient", key_to("patient", null=True, related_name="cases")),
        migrations.AddField("case", "practice", key_to("practice", null=True, related_name="+", db_index=False)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("case", "patient", key_to("patient", related_name="cases")),
        migrations.AlterField("case", "practice", key_to("practice", related_name="+", db_index=False)),
        migrations.RunSQL(HOLD, RELEASE),
        migrations.RemoveIndex("case", "case_newest"),
        migrations.AddIndex("case", models.Index(fields=["practice", "-created_at", "id"], name="case_newest_of_practice")),
        migrations.AddIndex("case", models.Index(fields=["practice", "status"], name="case_of_practice_in_state")),
    ]
