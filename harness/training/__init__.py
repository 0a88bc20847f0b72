"""How the harness trains a network: one fixed recipe in three sizes, its random streams, checkpoints and the loop."""
