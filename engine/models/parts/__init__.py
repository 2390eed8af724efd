"""What papers are built from, each thing once: attention, caches, cells, output layers, padding, products."""
