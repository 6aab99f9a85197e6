"""What does the page Subgroups draw?"""
