"""The control API: what the running gateway knows and has logged, over HTTP."""
