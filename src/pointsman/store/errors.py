"""What can go wrong with the store. The messages say what to do.

    StoreError
    ├── EmbeddedFailed       the local PostgreSQL cannot start or answer
    ├── DatabaseAway         PostgreSQL cannot be reached or used right now
    ├── SchemaTooNew         a newer Pointsman has migrated this database
    ├── MigrationChanged     an applied migration is not the one this version carries
    └── ExtensionMissing     pgvector is not there and this role may not create it

None of them reaches a client: the data plane does not wait for the store.
"""


class StoreError(Exception):
    """Base of the tree."""


class EmbeddedFailed(StoreError):
    """The embedded PostgreSQL did not start, or nobody answers where it should be."""


class DatabaseAway(StoreError):
    """PostgreSQL cannot be reached or used right now; trying again later helps."""


class SchemaTooNew(StoreError):
    """The database has migrations this version does not know."""


class MigrationChanged(StoreError):
    """A migration was edited after it had been applied."""


class ExtensionMissing(StoreError):
    """The vector extension must be created by a superuser, or installed first."""
