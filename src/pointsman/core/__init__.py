"""Values every other package speaks in. No I/O, no clock, no configuration."""
