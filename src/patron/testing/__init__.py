"""For packages that extend Patron: what their own tests can call to see that they keep to the rules."""
