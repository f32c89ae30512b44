"""Who can write an answer? A package for each engine, all behind ``types.AnswerProvider``."""
