"""The files of a dataset: Delta tables, content-addressed images, the version list and the lock of a writer."""
