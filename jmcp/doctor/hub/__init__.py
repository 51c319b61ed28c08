"""`jmcp hub check`: what a JupyterHub lacks, by its configuration and by how it answers."""
