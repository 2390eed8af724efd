"""Decoding: searches and samplers over anything that gives a next-token distribution."""
