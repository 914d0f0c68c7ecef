"""The wire contracts: messages and statuses to values and back, and TLS."""
