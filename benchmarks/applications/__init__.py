"""What is measured: the control, the bare-hands bound, and Coatcheck."""
