"""Proof that something was done in time although its source heard of it late."""
