"""How well does a run do, and at which operating point?"""
