"""Clients that cost little: raw HTTP connections, a load of many, and a process to run them in."""
