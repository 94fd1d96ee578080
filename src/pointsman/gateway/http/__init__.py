"""HTTP on both sides: the server's hot protocol and the pooled upstream client."""
