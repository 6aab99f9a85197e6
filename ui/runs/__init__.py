"""What does the page Compare runs draw?"""
