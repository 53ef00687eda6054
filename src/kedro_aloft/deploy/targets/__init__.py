"""The kinds of targets, one module each; they do not know each other."""
