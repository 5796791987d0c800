"""The pages for officials: a door. Reads `*/queries.py`, calls `inbox.actions`, never touches tables."""
