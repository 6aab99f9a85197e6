"""What a site does with films of its own."""
