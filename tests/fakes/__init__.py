"""The ports of `jmcp.core.ports` in memory: deterministic, and told to fail at any await.

`tests/ports` runs the contracts of the ports on these fakes too, so they promise what the real
adapters promise.
"""
