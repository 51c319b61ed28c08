"""Runs in their kernels: the queue of each, outputs taken in, runs taken up after a restart."""
