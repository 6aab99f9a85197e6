"""The nouns, frozen: radiograph, run, read, mark, reader, rate."""
