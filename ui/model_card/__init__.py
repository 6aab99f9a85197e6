"""What does the page Model card draw?"""
