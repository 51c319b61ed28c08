"""The variables of a kernel, without a trace of having looked."""
