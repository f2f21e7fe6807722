"""A letter's content with everything in it, for whoever tests letters."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from patients.letters import content as c
from tests.factories import jpeg_bytes

ANSWER = c.Opinion(
    diagnosis="NV",
    other_diagnosis="",
    icd10="D22.3",
    certainty="probable",
    management="follow_up",
    follow_up_months=3,
    text="Regelmäßiges Netzwerk, symmetrisch.\nKeine Regression; bitte erneut vorstellen, wenn sich etwas ändert.",
    signed_name="Dr Łucja Şahin-Čapek",
    signed_at=datetime(2026, 11, 20, 14, 5),  # noqa: DTZ001 - local time, as letters show it
    replaces=(("Dr Łucja Şahin-Čapek", datetime(2026, 11, 19, 9, 30)),),  # noqa: DTZ001
)
SECOND = c.Opinion(
    diagnosis="MEL",
    other_diagnosis="",
    icd10="C43.3",
    certainty="possible",
    management="excise",
    follow_up_months=None,
    text="Randbetonte Globuli.",
    signed_name="Dr Emil Groß",
    signed_at=datetime(2026, 11, 21, 8, 0),  # noqa: DTZ001
)
HISTOLOGY = c.Histology("MEL", "", Decimal("0.80"), date(2026, 12, 1), "pT1b, R0.")
FINDINGS = (
    c.MachineFinding(True, 0.4213, 0.2, (("MEL", 0.39), ("NV", 0.5), ("BKL", 0.11)), False, False, ("classification-x",), 1),
    c.MachineFinding(False, 0.01, 0.2, (("NV", 0.99),), True, True, ("classification-x",), 2),
)
CONTENT = c.Content(
    reference="1A2B3C4D",
    written_on=date(2026, 11, 22),
    practice=c.Address("Hausarztpraxis Nordstraße", ("Dr. med. Ada Müller-Lüdenscheid", "Nordstraße 7", "12345 Köln"), "0221 123456"),
    patient=c.Patient("Zoë Şükran", "Wałęsa-Gößmann", date(1970, 5, 17), "N-1001", ("Am Bächle 3", "79100 Freiburg")),
    spot=c.Spot(2, "SCT:36141000", "Skin of cheek", "L", date(2025, 8, 1), ("itching", "growing")),
    question=c.Question("Dr Ada Müller", "Ist das noch harmlos?", "soon", ("growing",), datetime(2026, 11, 18, 10, 0)),  # noqa: DTZ001
    sender="Dr Łucja Şahin-Čapek",
    checklist=c.Checklist(("change_in_size", "inflammation"), 3, date(2026, 11, 18)),
    pictures=(
        c.Picture(jpeg_bytes(640, 480, 1), "dermoscopic", date(2026, 11, 18)),
        c.Picture(jpeg_bytes(480, 640, 2), "macroscopic", date(2026, 11, 18)),
        c.Picture(None, "macroscopic", date(2026, 3, 1)),
    ),
    pictures_left_out=2,
    answer=ANSWER,
    second=SECOND,
    histology=HISTOLOGY,
    machine=FINDINGS,
)
