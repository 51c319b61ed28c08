"""The platform page: a person's own server, notebooks, sessions and tokens, and all servers for admins."""
