"""Closes the loop through data: reads what became of decisions, learns, and publishes the next policy.

`labels` says what signs mean together, `phases` when what is done, `jobs` does it, one file a phase;
`validation` and `replay` decide whether a policy may be published, `publishing` does that and goes back.
Nothing here runs for a request: gateways take a policy over when it is published, and run on without.
"""
