"""Work that goes on behind a page."""
