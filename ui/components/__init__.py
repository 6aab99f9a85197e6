"""What runs in the browser? Viewer, worklist, cards, keys."""
