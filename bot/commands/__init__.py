"""One file for each group of commands of `python -m bot`."""
