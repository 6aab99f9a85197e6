"""Where do radiographs to look at come from, and what are they called in an address?"""
