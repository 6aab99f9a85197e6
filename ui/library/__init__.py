"""The radiographs that pages choose from."""
