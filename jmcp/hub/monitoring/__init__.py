"""What Prometheus is told of a Hub's servers and of its machine."""
