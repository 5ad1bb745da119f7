"""From the database to frozen tables of labels and skills. Only jobs import this."""
