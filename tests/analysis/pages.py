"""Reading pages, and results as if something else had been found."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from analysis.models import Analysis


def page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def with_result(analysis: Analysis, **changes: object) -> Analysis:
    """As if something else had been found; None takes a key away, as in results of earlier versions."""
    found = (analysis.result or {}) | changes
    Analysis.objects.filter(pk=analysis.pk).update(result={key: value for key, value in found.items() if value is not None})
    return analysis
