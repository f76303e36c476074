"""Announcements: written, approved by a second person, sent by the permitted ways, and accounted for to the last."""
