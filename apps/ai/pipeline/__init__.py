"""The steps of an answer, in order: understand, retrieve, draft, check. Each is a function of frozen values."""
