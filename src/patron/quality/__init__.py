"""What may be believed: row rules, repeats and corrections, oddities, the batch contract, and what value means."""
