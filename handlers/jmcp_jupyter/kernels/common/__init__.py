"""What local and remote kernels share."""
