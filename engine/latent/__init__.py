"""Algorithms over the capability `Latent`: decoding, walks, directions, planes and maps."""
