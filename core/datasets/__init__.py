"""Which radiographs have labels, and who is in which split?"""
