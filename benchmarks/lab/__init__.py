"""A person's JupyterLab without collaboration, beside an agent: what each sees of the other, and what it costs."""
