"""Review in the FiftyOne App: a projection of the dataset that can be thrown away.

The only room that imports fiftyone.
"""
