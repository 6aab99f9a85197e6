"""Where do the films of the worklist lie, who may open them, and when do they go?"""
