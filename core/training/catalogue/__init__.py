"""Which runs are there to train, and with which settings?"""
