"""What the bot knows of Zalo and Messenger: one contract, and a folder a platform with the same file names in each."""
