"""`python -m orgopt` is the command `orgopt`."""

from orgopt.cli import main

if __name__ == "__main__":
    main(prog_name="orgopt")
