"""The data-fit doctor: what a history can bear, told before any model is fitted."""
