"""Telling people what happened while they were not looking: in the app, by e-mail and through other channels."""
