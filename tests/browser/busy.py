"""A clinic in the middle of a day: something on every page that the roles see."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from analysis import services as analysis_services
from analysis.models import Status
from patients import services
from patients.models import Case, Checklist, Image, Lesion, RedFlag, RiskFactor, Symptom
from patients.ruler import Ruler
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_case, make_dermatoscope, make_image, make_lesion
from tests.patients.answering import asked_again

SIGNS = dict.fromkeys((*Checklist.MAJOR, *Checklist.MINOR), False) | {"change_in_size": True, "irregular_colour": True}


class Busy:
    """`cast.case` has an answer and waits for a second opinion; `claimed` is on Dana's desk, `asked` waits for the practice."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        services.change_patient(
            actor=cast.ada, patient=cast.patient, risk_factors=[RiskFactor.MELANOMA_IN_FAMILY, RiskFactor.MANY_NAEVI], skin_type=2
        )
        services.give_consent(actor=cast.ada, patient=cast.patient, purpose="care", given_on=date(2026, 1, 5))
        cast.dana.text_blocks.create(title="Sun", text="Please protect your skin from the sun.")
        _make_overdue(cast.pooled_case)
        services.record_checklist(actor=cast.ben, lesion=cast.free_lesion, signs=SIGNS)
        self.later = make_image(
            cast.lesion, jpeg_bytes(600, 400, seed=5), width_px=600, height_px=400, modality="macroscopic", taken_on=date(2026, 3, 1)
        )
        Image.objects.filter(pk=cast.image.pk).update(taken_on=date(2025, 9, 1))
        analysis = in_state(cast.image, Status.QUEUED)
        analysis_services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
        services.calibrate_image(actor=cast.ada, image=self.later, ruler=Ruler(50, 200, 550, 200, 10))
        make_dermatoscope(cast.free_image, "DermLite on the blue phone, zoom 2×")
        asked_again(cast, text="A common mole. Nothing has to be done.")
        services.record_histology(
            actor=cast.ada, lesion=cast.lesion, diagnosis="NV", reported_on=date(2026, 3, 9), text="Compound naevus.", case=cast.case
        )
        self.claimed = _case_on(make_lesion(cast.patient, site_code="22943007", site_meaning="Skin of trunk", laterality="U"), cast)
        self.asked = _case_on(make_lesion(cast.patient, symptoms=[Symptom.GROWING]), cast)
        for case in (self.claimed, self.asked):
            services.claim_case(actor=cast.dana, case=case)
        services.ask_for_information(actor=cast.dana, case=self.asked, text="Since when does it grow?")
        self.draft = services.draft_case(
            actor=cast.ada, lesion=make_lesion(cast.patient), to=cast.dana, question="Is that all?", red_flags=[RedFlag.GROWING]
        )
        services.invite(actor=cast.ines, email="hal@example.org", display_name="Hal Hart", role="DERMATOLOGIST", practice=None)
        services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint about a letter of the 3rd of May")


def _case_on(lesion: Lesion, cast: Cast) -> Case:
    make_image(lesion)
    return make_case(lesion, to_user=cast.dana, question="Excise or wait?")


def _make_overdue(case: Case) -> None:
    late = timezone.now() - timedelta(days=3)
    flags = [RedFlag.BLEEDING, RedFlag.GROWING]
    Case.objects.filter(pk=case.pk).update(due_at=late, stands_at=late, red_flags=flags, checklist_score=5, alert=0.5, urgency="urgent")
