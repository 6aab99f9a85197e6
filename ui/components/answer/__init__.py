"""A verdict by keys, a component."""
