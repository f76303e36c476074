"""Initiatives: their states, codes, form, review, news to the author, and the papers made of them."""
