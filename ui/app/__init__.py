"""What every page needs: guard, identity, resources, address, progress."""
