"""Which kernel a session works on: starting, healing and releasing it."""
