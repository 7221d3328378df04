"""The console's door, its visitors and its desk."""
