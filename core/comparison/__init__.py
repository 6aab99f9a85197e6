"""Which of several runs does better on the same radiographs?"""
