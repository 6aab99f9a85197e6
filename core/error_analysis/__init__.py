"""What does a run get wrong, in which slices, and which labels are in doubt?"""
