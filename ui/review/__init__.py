"""What does the page Worklist draw?"""
