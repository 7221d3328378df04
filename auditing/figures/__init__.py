"""Figures of dispatching and reviewing, each with its denominator; drift, incidents, suspected labels."""
