"""Tools about whole notebooks: which there are, which a session holds, what they say as a file."""
