"""What is asked of a workspace beside its runs; nothing is published."""
