"""From an uploaded file to what is stored: sniff, limits, decode, orient, strip, hash. Every refusal is one sentence."""

from patients.intake.take import Intake, read_limited, take_in

__all__ = ["Intake", "read_limited", "take_in"]
