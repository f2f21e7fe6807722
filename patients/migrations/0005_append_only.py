"""What was signed, found or said is never changed: the database refuses, whoever asks."""

from django.db import migrations

TABLES = ("answer", "caseevent", "histology", "impression", "calibration", "checklist")

FUNCTION = """
CREATE FUNCTION patients_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are never changed: % refused.', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;
"""
FORWARDS = FUNCTION + "".join(
    f"CREATE TRIGGER patients_{table}_append_only BEFORE UPDATE OR DELETE ON patients_{table} "
    "FOR EACH ROW EXECUTE FUNCTION patients_refuse_change();\n"
    for table in TABLES
)
BACKWARDS = "".join(f"DROP TRIGGER patients_{table}_append_only ON patients_{table};\n" for table in TABLES) + (
    "DROP FUNCTION patients_refuse_change();"
)


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_cases_from_referrals")]
    operations = [migrations.DeleteModel("Referral"), migrations.RunSQL(FORWARDS, BACKWARDS)]
