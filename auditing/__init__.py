"""Reviewers: what was predicted, what became of it, what to learn from it."""
