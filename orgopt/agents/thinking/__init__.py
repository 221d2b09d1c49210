"""What all agents that think in words have: what they are told, how answers are read, kept and paid for."""
