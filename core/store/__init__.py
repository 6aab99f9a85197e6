"""Where is everything kept? All SQLAlchemy, append-only, one chain.

``engine``, ``tables``, ``schema``, ``site_schema`` and ``migration`` are the database, and
``audit_log`` is the chain. Each other module holds the rows of its name; ``films/`` also holds
their files.
"""
