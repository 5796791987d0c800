"""Sources as they are set up here, and when they were away."""
