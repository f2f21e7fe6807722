"""What is kept of asking the networks: analyses, explanations, their files."""

from analysis.models.analyses import Analysis, Artefact, Kind
from analysis.models.explanations import Diagnosis, Explanation, ExplanationFile
from analysis.models.jobs import ANSWERS, LIVE, TERMINAL, Job, JobQuerySet, Status

__all__ = [
    "ANSWERS",
    "LIVE",
    "TERMINAL",
    "Analysis",
    "Artefact",
    "Diagnosis",
    "Explanation",
    "ExplanationFile",
    "Job",
    "JobQuerySet",
    "Kind",
    "Status",
]
