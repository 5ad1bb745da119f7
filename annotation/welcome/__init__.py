"""What comes before somebody's first question: instructions, a sound check, the headphone test."""
