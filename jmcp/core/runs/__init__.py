"""Running code: queues, runs, batches, and runs that outlive the process."""
