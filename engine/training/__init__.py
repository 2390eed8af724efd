"""The one training loop, its tasks, recipes (TOML) and data readers."""
