"""The audit trail only grows: the database itself refuses every change of a row, whoever asks."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION patients_auditentry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only: % refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER patients_auditentry_append_only BEFORE UPDATE OR DELETE ON patients_auditentry
    FOR EACH ROW EXECUTE FUNCTION patients_auditentry_refuse_change();
CREATE TRIGGER patients_auditentry_no_truncate BEFORE TRUNCATE ON patients_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION patients_auditentry_refuse_change();
"""

BACKWARDS = """
DROP TRIGGER patients_auditentry_no_truncate ON patients_auditentry;
DROP TRIGGER patients_auditentry_append_only ON patients_auditentry;
DROP FUNCTION patients_auditentry_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
