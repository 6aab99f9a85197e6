"""The page Compare runs."""
