"""Value models: from a table of features to each customer's expected value, by rule, by process or by learning."""
