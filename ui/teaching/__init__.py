"""The page Teaching."""
