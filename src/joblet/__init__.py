"""Run commands on a Linux host from anywhere, safely and observably."""
