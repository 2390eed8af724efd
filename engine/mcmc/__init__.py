"""Metropolis-Hastings over sentences (Miao et al. 2019, "CGMH"), exact, over any pair of language models."""
