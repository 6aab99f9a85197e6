"""Which run serves, and may it?"""
