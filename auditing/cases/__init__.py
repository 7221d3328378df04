"""Cases as reviewers see them: derived from the log, in the order in which a look is worth most."""
