"""Which radiographs can a page choose from?"""
