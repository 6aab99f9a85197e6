"""The three steps of a first visit, a component."""
