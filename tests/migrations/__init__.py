"""Upgrading a database that already has tickets."""
