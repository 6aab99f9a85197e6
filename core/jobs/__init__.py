"""What goes on behind a page?"""
