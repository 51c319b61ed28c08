"""The adapters to Jupyter: the only code that knows jupyter_server, pycrdt and websockets."""
