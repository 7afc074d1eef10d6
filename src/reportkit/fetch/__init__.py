"""What the sources share: where they read, people as hashes, secrets, and pages of an API that no kill can lose.

place      the settings every source has, where it reads, what came in
people     people as hashes
secrets    tokens from the environment, .env or the keyring; taken out of every text
records    which fields of an API's records are kept at all
journal    pages that were fetched but not yet stored
gate       one host, one token, its rate limits
words      what went wrong between us and an API, in one sentence
api        a declaration for dlt, fetched into the workspace's state, seen by DuckDB as views
"""

from reportkit.fetch.place import Origin, Place, SourceSpec

__all__ = ["Origin", "Place", "SourceSpec"]
