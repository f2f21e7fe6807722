"""What the browser gets."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analysis import vision
from analysis.models import Analysis, Kind, Status
from analysis.presentation.progress import IMAGE_FAULTS
from analysis.presentation.report import Report
from patients.files import FILE_MISSING
from patients.models import AuditEntry, Image, Lesion, Practice, Role
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.analysis.tiny import ALONE
from tests.factories import make_user, png_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", lambda _: None)


def upload(content: bytes = b"", **fields: str) -> dict[str, Any]:
    file = SimpleUploadedFile("a.png", content or png_bytes(), content_type="image/png")
    return {"image": file, "modality": "dermoscopic", **fields}


# --- sending an image -------------------------------------------------------------------------------------------------


def test_an_upload_leads_to_the_page_of_its_analysis(ada: Client, lesion: Lesion) -> None:
    response = ada.post(reverse("analysis:submit", args=[lesion.pk]), upload())
    analysis = Analysis.objects.get()
    assert response["Location"] == reverse("analysis:detail", args=[analysis.pk])
    assert analysis.image.lesion == lesion


def test_a_program_gets_the_addresses(ada: Client, lesion: Lesion) -> None:
    response = ada.post(reverse("analysis:submit", args=[lesion.pk]), upload(), headers={"Accept": "application/json"})
    analysis = Analysis.objects.get()
    assert response.status_code == 202
    assert response.json() == {
        "id": str(analysis.pk),
        "status_url": reverse("analysis:status", args=[analysis.pk]),
        "page_url": reverse("analysis:detail", args=[analysis.pk]),
        "duplicate": False,
        "uploaded_at": analysis.image.uploaded_at.isoformat(),
        "image_id": str(analysis.image_id),
        "modality": "dermoscopic",
        "pair_url": reverse("patients:image-pair", args=[analysis.image_id]),
        "notice": "",
    }


def test_the_same_bytes_lead_to_the_same_analysis(ada: Client, lesion: Lesion) -> None:
    first, second = (ada.post(reverse("analysis:submit", args=[lesion.pk]), upload())["Location"] for _ in range(2))
    assert second == f"{first}?again"
    assert (Image.objects.count(), Analysis.objects.count()) == (1, 1)
    assert "was already here since" not in ada.get(first).content.decode()
    assert "was already here since" in ada.get(second).content.decode()


def test_a_program_is_told_that_the_image_was_here_already(ada: Client, lesion: Lesion) -> None:
    address = reverse("analysis:submit", args=[lesion.pk])
    first, second = (ada.post(address, upload(), headers={"Accept": "application/json"}).json() for _ in range(2))
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert (first["id"], first["uploaded_at"]) == (second["id"], second["uploaded_at"])


@pytest.mark.parametrize("fields", [upload(b"no image at all"), {"modality": "dermoscopic"}, upload(modality="")])
def test_a_bad_upload_is_one_sentence_on_the_page_of_the_lesion(ada: Client, lesion: Lesion, fields: dict[str, Any]) -> None:
    response = ada.post(reverse("analysis:submit", args=[lesion.pk]), fields)
    assert response["Location"] == lesion.get_absolute_url()
    assert (Image.objects.count(), Analysis.objects.count()) == (0, 0)


def test_a_bad_upload_is_one_sentence_for_a_program(ada: Client, lesion: Lesion) -> None:
    response = ada.post(reverse("analysis:submit", args=[lesion.pk]), upload(b"no image"), headers={"Accept": "application/json"})
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"code", "message"}


def test_an_analysis_that_cannot_be_asked_for_leaves_no_image(ada: Client, lesion: Lesion, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("analysis.services.analyses.request_analysis", stumble)
    with pytest.raises(ZeroDivisionError):
        ada.post(reverse("analysis:submit", args=[lesion.pk]), upload())
    assert Image.objects.count() == 0


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_the_page_of_a_running_analysis_shows_where_it_is(ada: Client, image: Image) -> None:
    analysis = in_state(image, Status.RUNNING, stage="lesion", stages_done=2)
    content = page(ada, "analysis:detail", analysis.pk)
    assert "Outlining the lesion (network)" in content
    assert '<progress class="analysis-progress" max="10" value="2"' in content
    assert reverse("analysis:cancel", args=[analysis.pk]) in content


def test_the_partial_is_sent_only_when_something_changed(ada: Client, image: Image) -> None:
    analysis = in_state(image, Status.RUNNING, stage="lesion", stages_done=2)
    address = reverse("analysis:status", args=[analysis.pk])
    assert ada.get(address, {"seen": "RUNNING-1-2"}).status_code == 204
    assert "step 3 of 10" in ada.get(address, {"seen": "RUNNING-1-1"}).content.decode()


def test_what_a_screen_reader_listens_to_stays_while_its_content_is_exchanged(ada: Client, image: Image) -> None:
    analysis = in_state(image, Status.RUNNING)
    assert 'role="status"' in page(ada, "analysis:detail", analysis.pk)
    assert "role=" not in ada.get(reverse("analysis:status", args=[analysis.pk])).content.decode()


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_the_page_is_loaded_anew_when_the_analysis_has_ended(ada: Client, image: Image, status: Status) -> None:
    response = ada.get(reverse("analysis:status", args=[in_state(image, status).pk]))
    assert (response["HX-Refresh"], response.content) == ("true", b"")


def test_a_program_can_ask_for_the_status(ada: Client, image: Image) -> None:
    analysis = in_state(image, Status.FAILED)
    document = ada.get(reverse("analysis:status", args=[analysis.pk]), headers={"Accept": "application/json"}).json()
    assert (document["status"], document["stages_total"]) == ("FAILED", 10)
    assert document["error"] == {"code": "some-code", "message": "A sentence."}


def test_an_analysis_that_was_interrupted_says_so(ada: Client, image: Image) -> None:
    assert "starting again by itself" in page(ada, "analysis:detail", in_state(image, Status.QUEUED, attempt=1).pk)


# --- stopping, repeating ----------------------------------------------------------------------------------------------


def test_stopping_and_starting_anew(ada: Client, image: Image) -> None:
    first = in_state(image, Status.RUNNING)
    response = ada.post(reverse("analysis:cancel", args=[first.pk]), follow=True)
    assert "The analysis was stopped" in response.content.decode()
    response = ada.post(reverse("analysis:latest", args=[image.pk]))
    assert response["Location"] == reverse("analysis:detail", args=[Analysis.objects.get(status="QUEUED").pk])


def test_a_failure_shows_its_sentence_and_can_be_repeated(ada: Client, image: Image) -> None:
    analysis = in_state(image, Status.FAILED)
    assert "A sentence." in page(ada, "analysis:detail", analysis.pk)
    ada.post(reverse("analysis:retry", args=[analysis.pk]))
    analysis.refresh_from_db()
    assert analysis.status == Status.QUEUED


@pytest.mark.parametrize(("code", "can_help"), [("unexpected", True), ("worker-lost", True), ("no-models", True), ("damaged", False)])
def test_trying_again_is_offered_only_where_it_can_help(ada: Client, image: Image, code: str, can_help: bool) -> None:
    assert ("Try again</button>" in page(ada, "analysis:detail", in_state(image, Status.FAILED, failure_code=code).pk)) == can_help


def test_every_code_of_a_bad_image_is_known_to_the_page() -> None:
    sources = [path.read_text() for path in Path(vision.__path__[0]).glob("*.py")]
    raised = {code for source in sources for code in re.findall(r'ImageError\(\s*"([a-z-]+)"', source)}
    assert raised == IMAGE_FAULTS


def test_an_image_without_an_analysis_offers_one(ada: Client, image: Image) -> None:
    assert "has not been analysed" in page(ada, "analysis:latest", image.pk)
    assert AuditEntry.objects.get(action="lesion.read").patient == image.lesion.patient


def test_the_latest_analysis_is_the_useful_one(ada: Client, image: Image) -> None:
    good = in_state(image, Status.SUCCEEDED)
    in_state(image, Status.CANCELLED, queued_at=Now() + timedelta(seconds=1))
    assert ada.get(reverse("analysis:latest", args=[image.pk]))["Location"] == reverse("analysis:detail", args=[good.pk])


# --- results ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_was_found(ada: Client, finished: Analysis) -> None:
    content = page(ada, "analysis:detail", finished.pk)
    for text in (
        "Preliminary: not signed.",
        "At or above the alert threshold",
        "<strong>70.0 %</strong>",
        "which is pre-malignant",
        "Melanoma",
        "confidence 62.3 %",
        "confidence 17.7 %",
        "10 % does not match its mirror image",
        "not measurable",
        "1 of 6: dark brown",
        "20 px",
        "Drawn lesions only.",
        "classification-tiny-20260101-00000000",
        "What spoke for Melanoma",
        "8.3 % of the image",
    ):
        assert text in content


def test_only_diagnoses_likelier_than_chance_are_listed(finished: Analysis) -> None:
    assert [diagnosis.label for diagnosis in Report(finished).listed] == ["MEL", "NV"]


def test_a_macroscopic_photograph_carries_a_warning(ada: Client, finished: Analysis) -> None:
    assert "macroscopic photograph" not in page(ada, "analysis:detail", finished.pk)
    Image.objects.update(modality="macroscopic")
    assert "This was uploaded as a macroscopic photograph." in page(ada, "analysis:detail", finished.pk)


def test_a_picture_that_looks_macroscopic_carries_the_same_warning(ada: Client, finished: Analysis) -> None:
    classification = (finished.result or {})["classification"] | {"p_dermoscopic": 0.4}
    content = page(ada, "analysis:detail", with_result(finished, classification=classification).pk)
    assert "This looks like a macroscopic photograph." in content
    assert "Outline and structures were validated on dermoscopic images alone" in content


def test_structures_are_named_with_what_they_speak_for_and_where_they_lie(ada: Client, finished: Analysis) -> None:
    content = page(ada, "analysis:detail", finished.pk)
    assert "Globules" in content
    assert "of uneven size and place they speak for melanoma" in content
    assert "90.0 %" in content
    assert "50 % of the lesion" in content
    assert content.count("not marked") == 3
    assert "Not shown:</strong> negative network" in content
    assert "Dark blue: globules." in content


def test_a_result_from_before_structures_were_looked_for_is_shown_without_them(ada: Client, finished: Analysis) -> None:
    classification = {key: value for key, value in (finished.result or {})["classification"].items() if key != "p_dermoscopic"}
    older = with_result(finished, structures=None, familiarity=None, quality=None, classification=classification)
    content = page(ada, "analysis:detail", older.pk)
    assert "Dermoscopic structures</h2>" not in content
    assert "do not rely on this result" not in content


@pytest.mark.parametrize(("verdict", "told"), [("retake", "not good enough: take it again"), ("usable", "usable, not good"), ("good", "")])
def test_what_is_wrong_with_the_picture_is_told_with_advice(ada: Client, finished: Analysis, verdict: str, told: str) -> None:
    advice = ["The picture is dark. Use more light."] if told else []
    content = page(ada, "analysis:detail", with_result(finished, quality={"verdict": verdict, "advice": advice, "figures": {}}).pk)
    for sentence in ("not good enough: take it again", "usable, not good"):
        assert (sentence in content) == (sentence == told)
    assert ("Use more light." in content) == bool(told)


@pytest.mark.parametrize(
    ("opinion", "told"),
    [
        ({"p_malignant": 0.25, "threshold": 0.129, "failure": None}, "25.0 % malignant, at or above its alert threshold of 12.9 %."),
        ({"p_malignant": 0.1, "threshold": 0.129, "failure": None}, "10.0 % malignant, below its alert threshold of 12.9 %."),
        ({"p_malignant": None, "threshold": 0.129, "failure": "Too small to be measured."}, "Too small to be measured."),
    ],
)
def test_what_the_measurements_alone_speak_for_is_told(ada: Client, finished: Analysis, opinion: dict[str, object], told: str) -> None:
    assert "By these measurements alone" not in page(ada, "analysis:detail", finished.pk)
    content = page(ada, "analysis:detail", with_result(finished, second_opinion=opinion).pk)
    assert f"By these measurements alone:</strong> {told}" in content
    unlike = {"unfamiliar": 0.9, "is_unfamiliar": True}
    assert "By these measurements" not in page(ada, "analysis:detail", with_result(finished, second_opinion=opinion, familiarity=unlike).pk)


def test_doubts_about_the_heat_map_are_told(ada: Client, finished: Analysis) -> None:
    heatmap = (finished.result or {})["heatmap"]
    assert "Not reliable here" not in page(ada, "analysis:detail", finished.pk)
    doubted = with_result(finished, heatmap=heatmap | {"doubts": ["40% of the evidence lies on a ruler."]})
    content = page(ada, "analysis:detail", doubted.pk)
    assert "Not reliable here:</strong> 40% of the evidence lies on a ruler." in content


@pytest.mark.parametrize(("is_unfamiliar", "told"), [(True, True), (False, False)])
def test_an_image_unlike_the_validated_ones_carries_an_alarm(ada: Client, finished: Analysis, is_unfamiliar: bool, told: bool) -> None:
    unlike = with_result(finished, familiarity={"unfamiliar": 0.9, "is_unfamiliar": is_unfamiliar})
    content = page(ada, "analysis:detail", unlike.pk)
    assert ("do not rely on this result" in content) == told
    assert ("<dt>Uncertainty</dt>" in content) != told  # how sure a network is of what it does not know means nothing
    assert ("cannot be stated for such an image" in content) == told


@pytest.mark.parametrize(
    ("is_suspicious", "is_unfamiliar", "verdict"),
    [
        (True, False, "At or above the alert threshold"),
        (True, True, "At or above the alert threshold"),
        (False, False, "Below the alert threshold"),
        (False, True, "No verdict: the image is unlike"),
    ],
)
def test_an_unfamiliar_image_is_never_called_harmless(
    ada: Client, finished: Analysis, is_suspicious: bool, is_unfamiliar: bool, verdict: str
) -> None:
    classification = (finished.result or {})["classification"] | {"is_suspicious": is_suspicious}
    familiarity = {"unfamiliar": 0.9 if is_unfamiliar else 0.2, "is_unfamiliar": is_unfamiliar}
    content = page(ada, "analysis:detail", with_result(finished, classification=classification, familiarity=familiarity).pk)
    assert content.count('class="verdict ') == 1
    assert verdict in content


@pytest.mark.parametrize(
    ("area_px", "share", "where"),
    [
        (0, 0.0, "not marked"),
        (12, None, "marked"),
        (12, 0.0, "beside the lesion only"),
        (1, 0.004, "under 1 % of the lesion"),
        (60, 0.3, "30 % of the lesion"),
    ],
)
def test_where_a_structure_lies_is_said_in_words(finished: Analysis, area_px: int, share: float | None, where: str) -> None:
    structure = {"name": "streaks", "probability": 0.6, "is_validated": True, "area_px": area_px, "share_of_lesion": share}
    finished.result = (finished.result or {}) | {"structures": [structure]}
    assert [marked.where for marked in Report(finished).structures] == [where]


def test_the_overlay_of_structures_names_what_is_drawn_or_that_nothing_is(finished: Analysis) -> None:
    captions = {overlay.key: overlay.caption for overlay in Report(finished).overlays}
    assert captions["structures"] == "Dark blue: globules."
    found = finished.result or {}
    finished.result = found | {"structures": [structure | {"area_px": 0} for structure in found["structures"]]}
    captions = {overlay.key: overlay.caption for overlay in Report(finished).overlays}
    assert captions["structures"] == "No structure is marked."


@pytest.mark.parametrize(
    ("modality", "p_dermoscopic", "words"),
    [
        ("dermoscopic", 0.05, "looks like a plain photograph"),
        ("macroscopic", 0.95, "looks like a dermoscopic image"),
        ("dermoscopic", 0.95, ""),
        ("macroscopic", 0.05, ""),
        ("dermoscopic", 0.5, ""),
    ],
)
def test_a_modality_that_does_not_match_the_picture_is_questioned(
    ada: Client, finished: Analysis, modality: str, p_dermoscopic: float, words: str
) -> None:
    Image.objects.filter(pk=finished.image_id).update(modality=modality)
    classification = (finished.result or {})["classification"] | {"p_dermoscopic": p_dermoscopic}
    content = page(ada, "analysis:detail", with_result(finished, classification=classification).pk)
    assert ("It was uploaded as" in content) == bool(words)
    assert words in content


@pytest.mark.parametrize(("share", "warning"), [(None, ""), (1.0, ""), (0.95, ""), (0.949, "(94.9 % inside)"), (0.2, "(20.0 % inside)")])
def test_a_lesion_outside_the_centre_square_carries_a_warning(ada: Client, finished: Analysis, share: float | None, warning: str) -> None:
    content = page(ada, "analysis:detail", with_result(finished, lesion_share_seen=share).pk)
    assert ("Part of the lesion lies outside the centre square" in content) == bool(warning)
    assert warning in content
    assert "looks at the centre square of the image only" in content


@pytest.mark.parametrize(("jaccard", "line"), [(None, ""), (0.83, "agree by 83 %."), (0.3, "agree by 30 %. Look at both")])
def test_the_page_says_how_far_the_outlines_agree(ada: Client, finished: Analysis, jaccard: float | None, line: str) -> None:
    content = page(ada, "analysis:detail", with_result(finished, outline_agreement=jaccard).pk)
    assert ("The two outlines agree" in content) == bool(line)
    assert line in content


def test_no_inline_style_or_script(ada: Client, finished: Analysis) -> None:
    content = page(ada, "analysis:detail", finished.pk)
    assert "style=" not in content
    assert "onclick=" not in content
    assert "<script>" not in content


@pytest.mark.parametrize("kind", ALONE)
def test_files_are_served_and_their_reading_is_recorded(ada: Client, finished: Analysis, kind: Kind) -> None:
    response = ada.get(reverse("analysis:artefact", args=[finished.pk, kind]))
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert "no-store" in response["Cache-Control"]
    assert AuditEntry.objects.filter(action="artefact.read", object_id=str(finished.pk), detail={"kind": kind}).count() == 1
    if kind == Kind.HEATMAP_RAW:
        assert np.load(io.BytesIO(content), allow_pickle=False)["signed"].shape == (40, 60)
    else:
        assert content.startswith(b"\x89PNG")


def test_a_picture_that_vanished_is_told_in_words(ada: Client, finished: Analysis) -> None:
    found = finished.artefacts.get(kind=Kind.LESION)
    found.file.storage.delete(str(found.file.name))
    response = ada.get(reverse("analysis:artefact", args=[finished.pk, Kind.LESION]))
    assert response.status_code == 404
    assert FILE_MISSING in response.content.decode()
    assert not AuditEntry.objects.filter(action="artefact.read").exists()


def test_a_kind_that_does_not_exist_is_not_found(ada: Client, finished: Analysis) -> None:
    assert ada.get(reverse("analysis:artefact", args=[finished.pk, "secret"])).status_code == 404


def test_reading_the_page_is_recorded(ada: Client, finished: Analysis) -> None:
    page(ada, "analysis:detail", finished.pk)
    entry = AuditEntry.objects.get(action="analysis.read")
    assert (entry.object_id, entry.patient) == (str(finished.pk), finished.image.lesion.patient)


@pytest.mark.parametrize(("name", "arguments"), [("artefact", ["lesion"]), ("status", [])])
def test_only_the_page_loads_the_result(ada: Client, finished: Analysis, name: str, arguments: list[str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        ada.get(reverse(f"analysis:{name}", args=[finished.pk, *arguments])).close()
    assert not [query for query in queries if '"analysis_analysis"."result"' in query["sql"]]


# --- other practices --------------------------------------------------------------------------------------------------


@pytest.fixture
def cleo(client: Client, lesion: Lesion) -> Client:
    client.force_login(make_user("cleo", role=Role.GP, practice=Practice.objects.create(name="South")))
    return client


def test_another_practice_finds_nothing_and_changes_nothing(cleo: Client, finished: Analysis) -> None:
    image = finished.image
    before = list(Analysis.objects.values()), Image.objects.count(), AuditEntry.objects.filter(actor_name="Cleo").count()
    gets = [
        reverse("analysis:detail", args=[finished.pk]),
        reverse("analysis:status", args=[finished.pk]),
        reverse("analysis:latest", args=[image.pk]),
        *(reverse("analysis:artefact", args=[finished.pk, kind]) for kind in Kind),
    ]
    posts = [
        reverse("analysis:submit", args=[image.lesion.pk]),
        reverse("analysis:latest", args=[image.pk]),
        reverse("analysis:cancel", args=[finished.pk]),
        reverse("analysis:retry", args=[finished.pk]),
    ]
    assert {cleo.get(address).status_code for address in gets} == {404}
    assert {cleo.post(address, upload()).status_code for address in posts} == {404}
    assert (list(Analysis.objects.values()), Image.objects.count(), AuditEntry.objects.filter(actor_name="Cleo").count()) == before
