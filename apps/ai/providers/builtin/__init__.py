"""How do we answer from the passages alone, when no model is configured or none answers?"""
