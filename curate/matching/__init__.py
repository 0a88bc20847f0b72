"""Do two pictures show the same skin? Local features, candidate search, geometric and photometric verification.

Pure functions on arrays: no file, no table and no dataset is touched here.
"""
