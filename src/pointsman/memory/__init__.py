"""What tasks are about: embeddings, and the memory of similar work."""
