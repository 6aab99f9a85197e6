"""What can be done from the command line? `python -m core ...`.

A module holds one command, or the commands of one noun: ``data``, ``database``, ``films``,
``pacs``, ``reader_study``. ``console`` is what all of them print with. ``reference`` writes
docs/commands.md.
"""
