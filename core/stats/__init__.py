"""How sure is a number? Intervals, tests, the bootstrap."""
