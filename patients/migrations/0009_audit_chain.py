"""The trail becomes a chain: at the end of its transaction each row is sealed with a hash that covers it and the seal before.

Deferred to the commit, so that rows stand in the order of the commits and the lock that makes them take turns is held for the end of
the commit alone, however early in a long transaction its trace was written.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.deletion import DO_NOTHING

# What is hashed: every field with its length, so that no two rows read the same. patients/trail/chain.py writes the same in Python.
SEAL = """
CREATE FUNCTION patients_audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length(value) || ':' || value, '-') || ','
$$;

CREATE FUNCTION patients_audit_seal(entry patients_auditentry) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newest patients_auditseal;
    place bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7350941126);
    SELECT * INTO newest FROM patients_auditseal ORDER BY position DESC LIMIT 1;
    place := coalesce(newest.position, 0) + 1;
    INSERT INTO patients_auditseal (position, entry_id, sha256) VALUES (place, entry.id, encode(sha256(convert_to(
        patients_audit_field(newest.sha256)
        || patients_audit_field(place::text)
        || patients_audit_field(entry.id::text)
        || patients_audit_field((extract(epoch FROM entry.at) * 1000000)::bigint::text)
        || patients_audit_field(entry.actor_id::text)
        || patients_audit_field(entry.actor_name)
        || patients_audit_field(entry.actor_role)
        || patients_audit_field(entry.action)
        || patients_audit_field(entry.object_type)
        || patients_audit_field(entry.object_id)
        || patients_audit_field(entry.patient_id::text)
        || patients_audit_field(entry.detail::text),
        'UTF8')), 'hex'));
END;
$$;

CREATE FUNCTION patients_auditentry_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM patients_audit_seal(NEW);
    RETURN NULL;
END;
$$;
CREATE CONSTRAINT TRIGGER patients_auditentry_sealed AFTER INSERT ON patients_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION patients_auditentry_seal();

CREATE TRIGGER patients_auditseal_append_only BEFORE UPDATE OR DELETE ON patients_auditseal
    FOR EACH ROW EXECUTE FUNCTION patients_auditentry_refuse_change();
CREATE TRIGGER patients_auditseal_no_truncate BEFORE TRUNCATE ON patients_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION patients_auditentry_refuse_change();
"""
# After the trigger exists: making it has waited for everybody who was writing, so no row can slip in between.
SEAL_WHAT_IS_THERE = """
DO $$
DECLARE
    entry patients_auditentry;
BEGIN
    FOR entry IN SELECT * FROM patients_auditentry ORDER BY id LOOP
        PERFORM patients_audit_seal(entry);
    END LOOP;
END;
$$;
"""
BACKWARDS = """
DROP TRIGGER patients_auditseal_no_truncate ON patients_auditseal;
DROP TRIGGER patients_auditseal_append_only ON patients_auditseal;
DROP TRIGGER patients_auditentry_sealed ON patients_auditentry;
DROP FUNCTION patients_auditentry_seal();
DROP FUNCTION patients_audit_seal(patients_auditentry);
DROP FUNCTION patients_audit_field(text);
"""
ROLES = [("GP", "General practitioner"), ("DERMATOLOGIST", "Dermatologist"), ("ADMIN", "Administrator")]


class Migration(migrations.Migration):
    dependencies = [("patients", "0008_cases")]
    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="actor_role",
            field=models.CharField(blank=True, choices=ROLES, default="", help_text="As it was then.", max_length=16),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=GinIndex(
                condition=models.Q(("detail__has_key", "patients")),
                fastupdate=False,
                fields=["detail"],
                name="audit_listed_patients",
                opclasses=["jsonb_path_ops"],
            ),
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "entry",
                    models.OneToOneField(db_constraint=False, on_delete=DO_NOTHING, related_name="seal", to="patients.auditentry"),
                ),
            ],
            options={"ordering": ["position"]},
        ),
        # The newest pictures of a practice, without sorting all it has.
        migrations.AddIndex(model_name="image", index=models.Index(fields=["-uploaded_at"], name="image_newest")),
        migrations.RunSQL(SEAL, BACKWARDS),
        migrations.RunSQL(SEAL_WHAT_IS_THERE, migrations.RunSQL.noop),
    ]
