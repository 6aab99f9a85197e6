"""The page Subgroups."""
