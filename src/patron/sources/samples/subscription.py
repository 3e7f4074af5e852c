from patron.sources.samples.patron_toml import SourceMap
def simulate_subscription(plan, exports, tally): raise NotImplementedError
