"""From challenger to champion: what a version must not do worse."""
