"""Decides which topic answers, what it is told, and what is remembered. Pure: no clock, database or network."""
