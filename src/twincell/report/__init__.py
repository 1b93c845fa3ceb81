"""What people read after a run: tables on the console and one HTML page."""
