"""What passes between rooms: Arrow schemas and the store of frozen tables. Knows no Django."""
