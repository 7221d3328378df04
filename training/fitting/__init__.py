"""From normalised texts and labels to a fitted model."""
