"""The panels of the dashboards, one file each: what a template of the same name in templates/dashboards/ shows."""
