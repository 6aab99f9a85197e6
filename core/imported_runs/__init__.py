"""How does a table of predictions become a run?"""
