"""The review store's schema, one numbered step a file; run by ``core.review_migration.migrate``."""
