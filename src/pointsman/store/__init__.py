"""PostgreSQL and the journal before it: everything that Pointsman keeps."""
