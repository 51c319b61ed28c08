"""What surrounds every HTTP request: identity, limits, what browsers may do."""
