"""The vault: personal columns, each customer's under a key of their own, and the keyring that holds those keys."""
