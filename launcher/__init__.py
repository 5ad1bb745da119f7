"""What stands behind `./consonance`: the virtual environment, the tests and the benchmarks.

Runs before anything is installed, so it imports the standard library only.
"""
