"""The radiograph viewer, a component."""
