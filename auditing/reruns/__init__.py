"""Stored complaints answered again: by the versions that answered them, or by a challenger."""
