"""A demonstration on real data: `coatcheck demo`."""
