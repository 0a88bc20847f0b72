"""Models that come with the harness, how any model is found by its name, and how one is fitted in its own process."""
