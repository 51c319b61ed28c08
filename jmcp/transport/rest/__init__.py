"""REST: the routes of the spec, events, and pages for people."""
