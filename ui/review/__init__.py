"""What does the page Review draw?"""
