"""Kernels: `local` in the Jupyter Server of this process, `remote` over HTTP and WebSocket."""
