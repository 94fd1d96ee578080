"""What the phases do, one file each. Each takes a `Work` and leaves its figures in `told`; each may be run
again at any time, and goes on where it was when it was cut off."""
