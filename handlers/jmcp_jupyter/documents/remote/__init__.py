"""Documents of a Jupyter Server in another process: over its REST API and its websockets."""
