"""The HTTP API, asked as an integrator would."""
