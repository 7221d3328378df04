"""Intake systems: from a complaint to an answer, over HTTP."""
