"""What tests of programs that embed joblet need: a test authority, a running daemon."""
