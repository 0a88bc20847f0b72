"""From a dataset to what a model sees: rows of a task and split, decoded pictures, tables of images."""
