"""Other clients that load and save whole files through Jupyter's contents API."""
