"""What people say: campaigns, questions, ratings, consensus."""
