"""The worklist, a component."""
