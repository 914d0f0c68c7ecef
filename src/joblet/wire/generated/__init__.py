"""Written by protoc (`make proto`); never edited."""
