"""What is searched, and for what."""
