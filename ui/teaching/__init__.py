"""What does the page Teaching draw?"""
