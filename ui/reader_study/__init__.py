"""What does the page Reader study draw?"""
