"""Radiographs with labels: the index, the split, duplicates, metadata."""
