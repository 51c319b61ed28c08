"""What goes on in a server, for who looks on: sessions, runs and calls, once or as they change."""
