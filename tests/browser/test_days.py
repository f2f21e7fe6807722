"""The days of three roles, played through: whole stories over several people's browsers, and what the database says afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from analysis.models import Analysis, Status
from analysis.vision.imaging import encode_png
from patients import services
from patients.models import Answer, AuditEntry, Case, CaseStatus, EventKind, Histology, Image, Notification, Patient, Pool, Purpose, User
from tests.cast import Cast
from tests.conftest import wait_until
from tests.patients.answering import asked_again
from tests.synthetic import draw_lesion

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

Start = Callable[..., "subprocess.Popen[bytes]"]
QUESTION = "Grew since summer. Excise here, or do you want to see her?"
BLOCK = "Please protect your skin from the sun."
PASSPHRASE = "a long enough phrase"


@pytest.fixture
def clinic(transactional_db: None, cast: Cast) -> Cast:
    cast.dana.text_blocks.create(title="Sun", text=BLOCK)
    return cast


def log_in(page: Page, name: str, password: str = "") -> None:
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(password or name)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Home", exact=True).wait_for()


def bell_leads_to(page: Page, news: str, case: Case) -> None:
    """From any page: the bell tells that there is news, and the news leads to the case."""
    page.goto(reverse("home"))
    page.get_by_role("link", name="Notifications: ").click()
    page.get_by_role("listitem").filter(has_text=news).get_by_role("link", name=f"Case {case.reference}").first.click()
    page.get_by_role("heading", name=f"Case {case.reference}").wait_for()


def events_of(case: Case) -> list[str]:
    return list(case.events.order_by("at", "id").values_list("kind", flat=True))


def told(case: Case) -> set[tuple[str, str]]:
    return set(case.notifications.values_list("to__username", "kind"))


# --- A case, from the first visit to the histology -----------------------------------------------------------------------


def test_the_dermatologist_finds_the_analysis_beside_the_pictures(page: Page, other_page: Page, clinic: Cast, start_worker: Start) -> None:
    start_worker()
    case = ada_sends_a_new_patient(page)
    wait_until(lambda: Analysis.objects.filter(status=Status.SUCCEEDED).count() == 2, what="both analyses", limit_s=40)
    dana_finds_it_in_the_queue(other_page, case)
    other_page.locator("[data-finding]").get_by_role("link", name="The full result").nth(1).wait_for()
    assert other_page.get_by_text("Preliminary: not signed.").is_visible()
    assert not Answer.objects.exists()


def test_a_case_goes_back_and_forth_and_ends_with_the_histology(page: Page, other_page: Page, clinic: Cast) -> None:
    """No worker runs: nobody has to wait for a machine."""
    case = ada_sends_a_new_patient(page)
    dana_finds_it_in_the_queue(other_page, case)
    dana_asks(other_page)
    ada_replies(page, case)
    dana_reads_the_reply(other_page, case)
    dana_signs(other_page)
    ada_reads_the_answer(page, case)
    ada_hands_out_the_letter(page, case)
    ada_closes(page, case)
    ada_enters_the_histology(page, case)
    dana_learns_of_the_histology(other_page, case)
    check_the_whole_story(case)
    check_that_nothing_was_computed()


def ada_sends_a_new_patient(page: Page) -> Case:
    log_in(page, "ada")
    ada_registers_a_patient_not_found(page)
    ada_records_consents(page)
    ada_points_to_the_lesion(page)
    ada_fills_the_checklist(page)
    ada_sends_two_pictures(page)
    ada_refers(page)
    return Case.objects.get(lesion__patient__record_number="N77")


def ada_registers_a_patient_not_found(page: Page) -> None:
    page.get_by_label("Find a patient").fill("Dale")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Register the patient").click()
    page.get_by_label("Family name").fill("Dale")
    page.get_by_label("Given names").fill("Rue")
    page.get_by_label("Date of birth").fill("1961-02-03")
    page.get_by_label("Sex").select_option("Female")
    page.get_by_label("Record number").fill("N77")
    page.get_by_label("Severe sunburns").check()
    page.get_by_role("button", name="Register patient").click()
    page.get_by_role("heading", name="Dale, Rue").wait_for()


def ada_records_consents(page: Page) -> None:
    page.get_by_role("link", name="Record or withdraw consents").click()
    for purpose in ("Care in this practice, with photographs", "Showing it to a dermatologist at a distance"):
        page.get_by_role("region", name=purpose).get_by_role("link", name="Record consent").click()
        page.get_by_role("heading", name=f"Record consent: {purpose}").wait_for()
        page.get_by_role("button", name="Record consent").click()
        page.get_by_text("The consent is on record.").wait_for()
    page.get_by_role("link", name="Dale, Rue").click()


def ada_points_to_the_lesion(page: Page) -> None:
    page.get_by_role("link", name="New lesion").click()
    page.get_by_role("link", name="Left thigh, front", exact=True).click()
    page.get_by_label("Grows").check()
    page.get_by_role("button", name="Add lesion").click()
    page.get_by_role("heading", name="Lesion 1: Left").wait_for()


def ada_fills_the_checklist(page: Page) -> None:
    page.get_by_role("link", name="Answer the seven questions").click()
    for number, sign in enumerate(page.locator(".checklist-sign").all()):
        sign.get_by_label("Yes" if number in {0, 2, 3} else "No").check()
    page.get_by_role("button", name="Keep these answers").click()
    page.get_by_text("The checklist is kept: 5 of 10.").wait_for()


def ada_sends_two_pictures(page: Page) -> None:
    near = encode_png(draw_lesion(colours=("light_brown", "dark_brown", "black"), shape="star", seed=1).image)
    far = encode_png(draw_lesion(axes=(40, 30), colours=("dark_brown", "black"), seed=2).image)
    files: list[FilePayload] = [
        {"name": "near.png", "mimeType": "image/png", "buffer": near},
        {"name": "far.png", "mimeType": "image/png", "buffer": far},
    ]
    page.get_by_label("Image", exact=True).set_input_files(files)
    page.get_by_role("button", name="Remove far.png").wait_for()
    page.get_by_label("Modality").select_option("Dermoscopic")
    page.get_by_label("This picture is (far.png)").select_option("macroscopic")
    page.get_by_role("button", name="Upload and analyse").click()
    page.get_by_text("All images are sent. The two are kept as a pair.").wait_for()


def ada_refers(page: Page) -> None:
    page.get_by_role("link", name="Refer to a dermatologist").click()
    page.get_by_label("Refer to").select_option("Dana")
    assert page.get_by_label("Urgency").input_value() == "urgent", "the checklist calls for it"
    assert page.get_by_label("Grew within weeks").is_checked(), "the record says so"
    page.get_by_label("Bleeds or ulcerates").check()
    page.get_by_label("Question").fill(QUESTION)
    page.get_by_role("button", name="Send to the dermatologist").click()
    page.get_by_text("The lesion is referred to Dana.").wait_for()


def dana_finds_it_in_the_queue(page: Page, case: Case) -> None:
    log_in(page, "dana")
    page.get_by_role("link", name="Queue", exact=True).click()
    row = page.locator(".case-row").filter(has_text="Dale, Rue")
    why = row.locator(".case-why").inner_text()
    assert why.startswith("Put forward")
    for reason in ("grew within weeks, bleeds or ulcerates without injury", "checklist 5 of 10"):
        assert reason in why
    row.get_by_role("link", name="Dale, Rue").click()
    page.get_by_text(QUESTION).first.wait_for()
    page.get_by_role("button", name="Take this case").click()
    page.get_by_role("heading", name="Your answer").wait_for()
    assert Case.objects.get(pk=case.pk).claimed_by == User.objects.get(username="dana")


def dana_asks(page: Page) -> None:
    page.get_by_text("The answer does not have to wait for it.").first.wait_for()
    page.get_by_role("link", name="Ask for information").click()
    page.get_by_label("What would you like to know?").fill("Does she take blood thinners?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("The practice is asked.").wait_for()
    assert not page.get_by_role("button", name="Check and sign").is_visible()


def ada_replies(page: Page, case: Case) -> None:
    bell_leads_to(page, "Information is asked for", case)
    page.get_by_text("Does she take blood thinners?").wait_for()
    page.get_by_label("Your reply", exact=True).fill("No, none.")
    page.get_by_role("button", name="Send the reply").click()
    page.get_by_role("heading", name="Your reply is waited for").wait_for(state="detached")


def dana_reads_the_reply(page: Page, case: Case) -> None:
    bell_leads_to(page, "Your question was answered", case)
    page.get_by_text("No, none.").wait_for()
    page.get_by_role("link", name="Open the working page").click()


def dana_signs(page: Page) -> None:
    page.get_by_label("Diagnosis", exact=True).select_option("MEL")
    assert page.get_by_label("ICD-10 code").input_value() == "C43.7", "the code for diagnosis and site is suggested"
    page.get_by_label("Certainty").select_option("probable")
    page.get_by_label("Management").select_option("excise")
    page.locator("[name=text]").fill("Excise within two weeks.")
    page.get_by_label("Text block", exact=True).select_option("Sun")
    page.get_by_role("button", name="Insert").click()
    page.get_by_role("button", name="Check and sign").click()
    page.get_by_role("heading", name="This is what you sign").wait_for()
    assert not Answer.objects.exists()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("Signed by Dana").wait_for()


def ada_reads_the_answer(page: Page, case: Case) -> None:
    bell_leads_to(page, "A case was answered", case)
    answer = page.get_by_role("region", name="Answer")
    for words in ("Melanoma", "C43.7", "Probable", "Excise within two weeks.", BLOCK, "Dana"):
        assert words in answer.inner_text()


def ada_hands_out_the_letter(page: Page, case: Case) -> None:
    address = page.get_by_role("link", name="Open the letter to the patient").get_attribute("href")
    assert address == reverse("analysis:letter", args=[case.pk, "patient"])
    letter = page.request.get(address)
    assert (letter.status, letter.headers["content-type"]) == (200, "application/pdf")
    assert letter.body().startswith(b"%PDF")


def ada_closes(page: Page, case: Case) -> None:
    page.get_by_role("button", name="close the case").click()
    page.get_by_role("button", name="close the case").wait_for(state="detached")
    assert Case.objects.get(pk=case.pk).status == CaseStatus.CLOSED


def ada_enters_the_histology(page: Page, case: Case) -> None:
    page.goto(case.get_absolute_url())
    page.get_by_role("link", name="Enter the histology when it comes").click()
    page.get_by_label("Diagnosis", exact=True).select_option("MEL")
    page.get_by_label("Breslow thickness").fill("0.80")
    page.get_by_label("Reported on").fill(date.today().isoformat())  # noqa: DTZ011 - what a person types
    page.get_by_role("button", name="Put on record").click()
    page.get_by_text("The histology is on record.").wait_for()


def dana_learns_of_the_histology(page: Page, case: Case) -> None:
    bell_leads_to(page, "The histology is there", case)
    assert "Breslow 0.80 mm" in page.get_by_role("region", name="Histology").inner_text()


def check_signed(case: Case) -> None:
    answer = Answer.objects.get(case=case)
    assert (answer.diagnosis, answer.icd10, answer.management, answer.signed_name) == ("MEL", "C43.7", "excise", "Dana")
    assert answer.text == f"Excise within two weeks.\n{BLOCK}"


def check_the_whole_story(case: Case) -> None:
    case = Case.objects.select_related("lesion__patient").get(pk=case.pk)
    patient = Patient.objects.get(family_name="Dale")
    assert case.status == CaseStatus.CLOSED
    assert (case.urgency, case.red_flags, case.checklist_score) == ("urgent", ["growing", "bleeding"], 5)
    assert all(services.has_consented(patient, purpose) for purpose in (Purpose.CARE, Purpose.TELECONSULTATION))
    near, far = (Image.objects.get(lesion=case.lesion, modality=kind) for kind in ("dermoscopic", "macroscopic"))
    assert near.paired_with == far
    check_signed(case)
    assert Histology.objects.get(case=case).breslow_mm == Decimal("0.80")
    assert events_of(case) == [
        EventKind.SENT, EventKind.CLAIMED, EventKind.ASKED, EventKind.REPLIED, EventKind.ANSWERED, EventKind.CLOSED, EventKind.HISTOLOGY,
    ]  # fmt: skip
    kinds = Notification.Kind
    assert told(case) >= {("dana", kinds.CASE_SENT), ("ada", kinds.INFO_ASKED), ("dana", kinds.INFO_GIVEN), ("ada", kinds.CASE_ANSWERED)}
    check_the_trail(patient)


def check_the_trail(patient: Patient) -> None:
    """Who did what stands in the trail, by name."""
    trail = set(AuditEntry.objects.filter(patient=patient).values_list("actor__username", "action"))
    by_ada = {"patient.create", "consent.give", "lesion.create", "checklist.record", "case.send", "case.reply", "case.close"}
    missing = {("ada", act) for act in by_ada} | {("dana", act) for act in ("case.claim", "case.ask", "answer.sign")}
    assert missing - trail == set()


def check_that_nothing_was_computed() -> None:
    assert set(Analysis.objects.values_list("status", flat=True)) == {Status.QUEUED}
    assert Analysis.objects.count() == 2, "both wait for a worker to come back"


# --- A second opinion ----------------------------------------------------------------------------------------------------


def test_a_second_opinion_is_given_without_seeing_the_first(page: Page, other_page: Page, clinic: Cast) -> None:
    case = asked_again(clinic, text="Plainly a common mole.")
    log_in(page, "emil")
    page.get_by_role("heading", name="Your second opinion is asked for").wait_for()
    emil_sees_nothing_of_the_first(page, case)
    emil_signs(page, case)
    assert page.get_by_text("Plainly a common mole.").is_visible(), "signed, he sees both"
    log_in(other_page, "ada")
    bell_leads_to(other_page, "A case was answered", case)
    assert other_page.get_by_role("region", name="Second opinion").is_visible()
    first, second = Answer.objects.filter(case=case).order_by("signed_at")
    assert [(one.diagnosis, one.is_second, one.signed_by) for one in (first, second)] == [
        ("NV", False, clinic.dana),
        ("BCC", True, clinic.emil),
    ]
    case.refresh_from_db()
    assert case.status == CaseStatus.ANSWERED


def emil_sees_nothing_of_the_first(page: Page, case: Case) -> None:
    for address in (reverse("patients:review", args=[case.pk]), case.get_absolute_url(), case.lesion.get_absolute_url()):
        page.goto(address)
        words = page.inner_text("main")
        assert "common mole" not in words
        assert "D22.3" not in words
    assert page.request.get(reverse("analysis:letter", args=[case.pk, "referrer", "en"])).status in {403, 404, 409}


def emil_signs(page: Page, case: Case) -> None:
    page.goto(reverse("patients:review", args=[case.pk]))
    page.get_by_label("Diagnosis", exact=True).select_option("BCC")
    page.get_by_label("Certainty").select_option("possible")
    page.get_by_label("Management").select_option("biopsy")
    page.get_by_role("button", name="Check and sign").click()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("Signed by Emil").wait_for()


# --- The administrator ---------------------------------------------------------------------------------------------------


def test_the_administrator_s_day(page: Page, other_page: Page, clinic: Cast) -> None:
    log_in(page, "ines")
    link = ines_invites(page)
    hal_makes_his_account(other_page, link)
    ines_makes_a_pool(page)
    ines_opens_a_record(page)
    ines_sees_who_has_seen_it(page)
    ines_switches_the_account_off(page)
    hal_is_out(other_page)
    check_the_administration(clinic)


def ines_invites(page: Page) -> str:
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail address").fill("hal@example.org")
    page.get_by_label("Name", exact=True).fill("Hal Hart")
    page.get_by_label("Role").select_option("Dermatologist")
    page.get_by_role("button", name="Invite").click()
    return page.get_by_label("Link", exact=True).input_value()


def hal_makes_his_account(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("User name").fill("hal")
    page.get_by_label("Password", exact=True).fill(PASSPHRASE)
    page.get_by_label("Password again").fill(PASSPHRASE)
    page.get_by_role("button", name="Make my account").click()
    page.get_by_text("Your account is ready").wait_for()
    log_in(page, "hal", PASSPHRASE)
    page.get_by_role("link", name="Queue", exact=True).wait_for()


def ines_makes_a_pool(page: Page) -> None:
    page.goto(reverse("patients:pools"))
    page.get_by_role("link", name="New pool").click()
    page.get_by_label("Name").fill("Faces")
    page.get_by_label("Hal Hart").check()
    page.get_by_label("Dana").check()
    page.get_by_role("button", name="Add pool").click()
    page.get_by_role("link", name="Faces").wait_for()


def ines_opens_a_record(page: Page) -> None:
    page.get_by_role("link", name="Open a record").click()
    page.get_by_label("Practice").select_option("North")
    page.get_by_label("Record number").fill("N1")
    page.get_by_label("Reason").fill("The patient asks who has read her record.")
    page.get_by_role("button", name="Open the record").click()
    page.get_by_role("heading", name="Archer, Nell").wait_for()


def ines_sees_who_has_seen_it(page: Page) -> None:
    page.get_by_role("link", name="Who has seen this record").click()
    row = page.get_by_role("row").filter(has_text="opened the record with a recorded reason")
    assert "The patient asks who has read her record." in row.inner_text()
    assert "Ines" in row.inner_text()


def ines_switches_the_account_off(page: Page) -> None:
    page.goto(reverse("patients:people"))
    page.get_by_role("link", name="Hal Hart").click()
    page.get_by_role("link", name="Switch the account off").click()
    page.get_by_role("button", name="Switch the account off").click()
    page.get_by_text("every session of it has ended").wait_for()


def hal_is_out(page: Page) -> None:
    page.goto(reverse("patients:queue"))
    page.get_by_role("heading", name="Log in").wait_for()
    page.locator("[name=login]").fill("hal")
    page.locator("[name=password]").fill(PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert page.get_by_role("link", name="Queue", exact=True).count() == 0


def check_the_administration(clinic: Cast) -> None:
    hal = User.objects.get(username="hal")
    assert (hal.role, hal.is_active, hal.email) == ("DERMATOLOGIST", False, "hal@example.org")
    assert clinic.dana in Pool.objects.get(name="Faces").members.all()
    assert AuditEntry.objects.filter(actor=clinic.ines, patient=clinic.patient, action="patient.break-glass").count() == 1
    assert not AuditEntry.objects.filter(actor=hal, patient__isnull=False).exists(), "he never saw a patient"
