"""From the model to files: one module per output."""
