"""What does the page Regions draw?"""
