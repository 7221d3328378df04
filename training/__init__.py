"""Data scientists: from a file of labelled complaints to a registered model version."""
