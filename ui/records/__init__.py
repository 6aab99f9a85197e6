"""What does the page Records draw?"""
