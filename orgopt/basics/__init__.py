"""Small things that every room needs: names of ids and in messages, markup, addresses, callbacks, Python's parser."""
