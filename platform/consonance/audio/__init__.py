"""Sound as arrays: decode, inspect, cut, picture. Knows no Django."""
