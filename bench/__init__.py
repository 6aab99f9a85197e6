"""Benchmarks that print a measured value, its target and the ratio between them."""
