"""Where jobs are kept: one contract, a package for each database."""
