"""The case log: what was predicted, and what became of it; only appended to."""
