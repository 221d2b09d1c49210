"""Documents as text: blocks, spans and the program that they are."""
