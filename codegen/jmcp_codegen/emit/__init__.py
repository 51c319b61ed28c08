"""From the model to files: one module for each file, and each has one function, `emit`."""
