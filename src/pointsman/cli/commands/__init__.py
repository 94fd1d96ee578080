"""One file a command, each defining `command`."""
