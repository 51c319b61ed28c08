"""Kernels of a Jupyter Server in another process, over REST and its kernel websockets."""
