"""Figures about tickets: what each means, roll-ups that answer at once, and who may see which."""
