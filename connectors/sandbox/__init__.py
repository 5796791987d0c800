"""Imitations of the source systems, spoken to over real HTTP: what the connectors are tested against.

Nothing here is imported by connectors or by the inbox; nothing here imports them. All complaints, people and phone
numbers it serves are synthetic: generated from templates with a seed. See README.md for how to run and control it.
"""
