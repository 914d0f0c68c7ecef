"""A shorter way to the two answers that people ask for most, `rnx list` and `rnx status ID`.

Two thirds of what the full program takes are imports: click, asyncio, grpclib,
protobuf, YAML. Here is the little of each that the plain forms of these two
questions need, on the standard library alone.

One rule keeps it small: whatever is not plain, and whatever fails, is no answer,
and the full program runs as if this one had not. Both questions only read, so
asking twice is harmless. Not here, therefore: errors, retries, other forms.

docs/decisions/0009-a-quick-way-to-list.md has the numbers.
"""
