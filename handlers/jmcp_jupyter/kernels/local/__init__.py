"""Kernels of the Jupyter Server in this process, over ZeroMQ."""
