"""From a stored event to a turn, and from a queued message to an attempt."""
