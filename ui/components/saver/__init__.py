"""A button that saves a file, a component."""
