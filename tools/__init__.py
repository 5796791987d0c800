"""Tools of the repository: what the Makefile and the tests run."""
