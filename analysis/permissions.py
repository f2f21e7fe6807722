"""Who may ask for an analysis. Who may *see* one is `Analysis.objects.visible_to`: whoever may see its image."""

from __future__ import annotations

from patients.models import Role, Viewer, role_of


def can_request_analyses(viewer: Viewer) -> bool:
    """Start, stop and repeat: those who treat. An administrator looks, with a reason, and changes nothing."""
    return role_of(viewer) in {Role.GP, Role.DERMATOLOGIST}
