"""What are the nouns? Radiograph, run, read, mark, reader, rate; all frozen."""
