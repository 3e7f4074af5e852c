"""What people set by hand over what was published: with a reason, until a day, by two people where that is asked."""
