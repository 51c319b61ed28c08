"""What several tools share: addressing cells, presenting results, refusing stale writes."""
