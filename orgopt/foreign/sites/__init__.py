"""Sites: the literals in a checkout's files that may be knobs, one module a form in which people write them."""

from orgopt.foreign.sites.site import Site, knob_name

__all__ = ["Site", "knob_name"]
