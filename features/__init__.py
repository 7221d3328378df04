"""From a complaint's text to numbers."""
