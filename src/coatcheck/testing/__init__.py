"""For the tests of applications and of backends; nothing in production imports it."""
