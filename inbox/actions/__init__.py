"""Everything that can happen to a ticket: one verb, one file. Pages, API, connectors and commands call these."""
