"""The tri-colour board, and the clocks of tickets."""
