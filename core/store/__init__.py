"""Where is everything kept? All SQLAlchemy, append-only, one chain."""
