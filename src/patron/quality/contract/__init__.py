"""The data contract for other tools: the same expectations as Soda checks, a Great Expectations suite, or dbt tests."""
