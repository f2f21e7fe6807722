"""Letters as PDF: values in, bytes out. Knows neither the database nor whoever analyses pictures."""

from patients.letters.compose import WORDS, compose_patient, compose_referrer
from patients.letters.content import MachineFinding
from patients.letters.pdf import Fonts, render

__all__ = ["WORDS", "Fonts", "MachineFinding", "compose_patient", "compose_referrer", "render"]
