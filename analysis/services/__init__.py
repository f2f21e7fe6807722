"""Everything that changes an analysis or an explanation. Each function is one use case, each change of state one conditional UPDATE."""

from analysis.services.analyses import (
    cancel_analysis,
    record_findings,
    request_analysis,
    requeue_lost_analyses,
    retry_analysis,
    run_analysis,
    submit_image,
)
from analysis.services.explanations import cancel_explanation, request_explanation, requeue_lost_explanations, run_explanation

__all__ = [
    "cancel_analysis",
    "cancel_explanation",
    "record_findings",
    "request_analysis",
    "request_explanation",
    "requeue_lost_analyses",
    "requeue_lost_explanations",
    "retry_analysis",
    "run_analysis",
    "run_explanation",
    "submit_image",
]
