"""What a team achieved with its budget: measured, verified, calibrated, and how sure one may be of a gain."""
