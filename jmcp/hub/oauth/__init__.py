"""OAuth 2.1 for clients of the gateway: metadata, registration, consent, tokens."""
