"""What does the page Errors draw?"""
