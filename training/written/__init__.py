"""Texts written for this project: the starter set, the background, and what is learnt from them once."""
