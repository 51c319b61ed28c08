"""Rooms of jupyter_server_ydoc in this process: opened, saved, merged with their files."""
