"""Asking for an analysis, running it, keeping and showing its results."""
