"""The commands below `coatcheck webhooks`."""
