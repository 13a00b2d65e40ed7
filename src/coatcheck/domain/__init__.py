"""What a job is: pure values and rules, no clock, no database, no HTTP."""
