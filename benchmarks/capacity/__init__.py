"""What one server holds: many clients, idle sessions, and its own start and memory."""
