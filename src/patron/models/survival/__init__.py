"""How long customers stay: survival curves, risks and churn times, for contracts and for open relations."""
