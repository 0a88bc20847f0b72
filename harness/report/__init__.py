"""The report of a run: verdict first, every number with its interval and its counts, one file without any outside request."""
