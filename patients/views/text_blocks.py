"""The sentences a dermatologist writes often: their own, and nobody else's."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from patients import permissions as rules
from patients import services
from patients.forms import TextBlockForm
from patients.models import TextBlock
from patients.views.pages import form_page, person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_review)
def text_blocks(request: HttpRequest) -> HttpResponse:
    form = TextBlockForm(request.POST or None)
    if saved(form, lambda: services.save_text_block(actor=person(request), **form.cleaned_data)):
        messages.success(request, "The text block is kept. You find it in the menu beside the answer's text.")
        return redirect("patients:text-blocks")
    context = {"form": form, "blocks": person(request).text_blocks.all()}
    return render(request, "patients/text_blocks.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_review)
def text_block(request: HttpRequest, block_id: UUID) -> HttpResponse:
    block = get_object_or_404(TextBlock, pk=block_id, owner=person(request))
    form = TextBlockForm(request.POST or None, instance=block)
    if saved(form, lambda: services.save_text_block(actor=person(request), block=block, **form.cleaned_data)):
        messages.success(request, "The text block is changed. Answers that are signed stay as they are.")
        return redirect("patients:text-blocks")
    return form_page(request, form, title="Change text block", button="Save", back=reverse("patients:text-blocks"))


@require_POST
@rules.allowed_if(rules.can_review)
def delete(request: HttpRequest, block_id: UUID) -> HttpResponse:
    block = get_object_or_404(TextBlock, pk=block_id, owner=person(request))
    services.delete_text_block(actor=person(request), block=block)
    messages.success(request, "The text block is deleted. Answers that are signed stay as they are.")
    return redirect("patients:text-blocks")
