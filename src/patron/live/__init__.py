"""Events as they happen: what a customer did since the release, and what that makes of their value, by closed form."""
