"""How does a trainee learn from radiographs with a known answer?"""
