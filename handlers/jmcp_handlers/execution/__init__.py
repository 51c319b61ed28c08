"""Tools about code: runs, kernels, what kernels know."""
