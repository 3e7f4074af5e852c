"""How customers behave lately: how engaged they are, who may be lost and what that would cost, and who is rising."""
