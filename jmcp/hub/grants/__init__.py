"""What the gateway remembers of logins: clients, grants and tokens (hashed), and the Hub's tokens (encrypted)."""
