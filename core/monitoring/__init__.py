"""Does the served run still read as it did when it was accepted, and would another read better?"""
