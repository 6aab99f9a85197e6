"""A site's own measurements."""
