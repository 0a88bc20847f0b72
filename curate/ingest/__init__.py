"""Rows of a source into validated samples, stored pictures and findings; the door is `curate.ingest.run`.

Empty on purpose: worker processes import `curate.ingest.pictures` and shall not load pandas for it.
"""
