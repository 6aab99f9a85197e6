"""Backups: a site's records and kept films in one file, and back."""
