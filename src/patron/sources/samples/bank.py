from patron.sources.samples.patron_toml import SourceMap
def simulate_bank(plan, exports, tally): raise NotImplementedError
