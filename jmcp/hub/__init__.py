"""Many users on a JupyterHub: the gateway that gives all of them one URL, and the Hub's configuration."""
