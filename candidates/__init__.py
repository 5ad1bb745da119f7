"""What to ask about: detectors, scoring, sampling, rounds."""
