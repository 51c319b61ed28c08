"""Speed, CPU and memory, against floors and the peer in the same run: `make bench`, `make profile`.

limits    every limit beside its reason
cpu       CPU seconds of the server per call
profiles  where they go, by subject
latency   how long one client waits
capacity  many clients, idle sessions, start and memory
servers   what is measured: jmcp, the no-op tool, raw kernel clients, the peer
clients   what measures: raw HTTP connections, loads, a process of clients
"""
