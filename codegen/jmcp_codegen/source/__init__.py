"""From YAML to checked plain data."""
