"""Who may do what, and proof of who did: accounts, roles, scopes, the audit chain. Everything else asks here, and knows no more."""
