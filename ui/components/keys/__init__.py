"""Keys of a page, a component."""
