"""What does every page need? Guard, identity, resources, address, progress."""
