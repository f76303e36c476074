"""What the outside reaches: webhooks, health, one's own data. It stores events and knows nothing of conversation."""
