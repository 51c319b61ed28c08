"""The spec of a toolset of another package: one YAML file that builds on jmcp's own spec."""
