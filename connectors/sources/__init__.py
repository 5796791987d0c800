"""One file per source system; `connectors.registry` finds them by listing this folder."""
