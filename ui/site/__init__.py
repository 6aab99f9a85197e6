"""What the page Site is made of."""
