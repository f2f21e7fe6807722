"""Pages of the records: parse, call one service or selector, render. Every page that shows patient data says so to the audit trail."""

from patients.views.pages import person

__all__ = ["person"]
