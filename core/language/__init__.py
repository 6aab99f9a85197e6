"""In which language does First Read speak, and how does it write numbers and dates in it?"""
