"""From a folder and a table to what is to be stored; no Django here."""
