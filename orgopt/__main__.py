"""`python -m orgopt` is the command `orgopt`."""

from orgopt.cli import main

if __name__ == "__main__":
    try:
        main(prog_name="orgopt")
    finally:
        # CPython remembers an interrupt that came while it ran code from a string (as dataclasses make their methods),
        # though it was caught, and then `python -m` dies of SIGINT instead of exiting with its code. Code from a string
        # that ends makes it forget.
        exec("")
