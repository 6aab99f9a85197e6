"""Radiographs as cards, a component."""
