"""The command line: one file per group of commands; typer and rich stay here."""
