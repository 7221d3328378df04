"""What people see of a run: pictures, words, the model card."""
