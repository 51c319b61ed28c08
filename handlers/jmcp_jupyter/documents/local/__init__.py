"""Documents of the Jupyter Server in this process."""
