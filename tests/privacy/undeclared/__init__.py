"""An app that somebody has added without a word in the data map."""
