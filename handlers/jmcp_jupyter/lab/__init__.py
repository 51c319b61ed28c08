"""JupyterLab in the browsers of people: its pages and its workspaces."""
