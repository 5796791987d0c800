"""Source systems as a plain Python library: no Django, no Celery, no ORM."""
