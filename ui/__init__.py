"""People -> qa: the command line and the web chat."""
