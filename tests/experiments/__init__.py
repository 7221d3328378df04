"""Experiments: what the whole loop gains, on labelled rows replayed as traffic through the real service."""
