"""What runs, studies and their lists show in MLflow: notes, pictures, tables and saved views."""
