"""One module per imitated system. None of them knows another."""
