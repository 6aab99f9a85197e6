"""What the page Archive is made of."""
