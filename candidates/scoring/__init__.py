"""Scoring a whole archive into Parquet shards. Knows no Django."""
