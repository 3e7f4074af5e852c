"""What people and programs tell Patron between runs: accounts, keys, the audit chain. SQLite in the workspace, or PostgreSQL."""
