"""Inspection: from profiles of a part to cracks and a verdict."""
