"""Where radiographs to look at come from, and what they are called in an address."""
