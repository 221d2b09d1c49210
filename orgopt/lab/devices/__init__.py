"""GPUs: which there are, what of them a slot owns and its experiments see, and how much of them is used."""
