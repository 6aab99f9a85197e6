"""Synthetic chest radiographs of small children, with the exact truth about each."""
