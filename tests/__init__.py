"""The tests. A package of its own, so that no library's folder of this name stands in its place."""
