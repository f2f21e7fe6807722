"""From an uploaded file to what is stored: sniff, limits, decode, orient, strip, hash. Every refusal is one sentence."""

from patients.intake.refusals import refusal
from patients.intake.take import Intake, digest, read_limited, take_in

__all__ = ["Intake", "digest", "read_limited", "refusal", "take_in"]
