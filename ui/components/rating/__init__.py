"""Pneumonia or normal, and how likely it is from 0 to 100."""
