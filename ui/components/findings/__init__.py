"""A reader's findings by keys, a component."""
