"""Proof of what was done in time."""
