"""The servers under measurement: jmcp in and outside of Jupyter, the floors, and the peer."""
