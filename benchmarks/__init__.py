"""Measurements beside a bare-metal reference in the same run. Printed, never asserted: machines differ."""
