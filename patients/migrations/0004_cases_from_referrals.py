"""What was referred becomes a case that waits, the newest of each lesion; the table of referrals goes."""

from datetime import timedelta

from django.db import migrations

ALLOWANCE = timedelta(hours=240)


def make_cases(apps, _editor):
    referrals, cases = (apps.get_model("patients", name).objects for name in ("Referral", "Case"))
    seen = set()
    for referral in referrals.order_by("-at"):
        fields = {
            "lesion_id": referral.lesion_id,
            "by_id": referral.by_id,
            "to_user_id": referral.to_user_id,
            "to_pool_id": referral.to_pool_id,
        }
        fields |= {"question": referral.question, "created_at": referral.at, "sent_at": referral.at}
        fields |= {"due_at": referral.at + ALLOWANCE, "stands_at": referral.at + ALLOWANCE}
        state = {"status": "DISCARDED", "discard_reason": "Referred again."} if referral.lesion_id in seen else {"status": "WAITING"}
        seen.add(referral.lesion_id)
        cases.create(**fields, **state)


class Migration(migrations.Migration):
    dependencies = [("patients", "0003_clinic")]
    operations = [migrations.RunPython(make_cases, migrations.RunPython.noop)]
