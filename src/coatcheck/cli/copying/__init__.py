"""From one store to another: `coatcheck db copy`."""
