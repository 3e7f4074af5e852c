"""Raw exports become rows of declared tables, every row accounted for."""
