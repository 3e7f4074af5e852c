"""STEPS and the runner: run, resume, record."""
