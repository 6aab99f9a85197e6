"""What did readers do, in which order, and how well?"""
