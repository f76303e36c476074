"""Reads content/ and finds the reviewed answer a message asks for."""
