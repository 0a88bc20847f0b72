"""The report of a run: verdict first, every number with its interval and counts, one file without outside requests."""
