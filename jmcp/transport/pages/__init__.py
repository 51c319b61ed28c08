"""Pages for people's browsers, built from `web/` by `make web`."""
