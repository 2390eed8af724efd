"""The window of Textscape: everything that is seen and touched. Nothing here computes on a model."""
