"""What clients read: errors, notices, phrases, texts of results."""
