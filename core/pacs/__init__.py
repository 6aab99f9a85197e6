"""The hospital's archive (PACS): films come in, reports go back, and nothing is lost between."""
